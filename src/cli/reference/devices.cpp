// docs/devices.md: what devices can do at most, and how to write one down.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/reference/markdown.h"
#include "cli/reference/pages.h"
#include "device/device.h"
#include "render/device_cells.h"

namespace thoplw::cli {

using namespace markdown;

namespace {

constexpr std::string_view kIntroduction = R"(# Devices

What devices can do at most, as their makers say. `--device NAME` gives the least [time](time.md) of a model on one of them.
`thoplw devices` prints this table, `thoplw devices h100` one device in full, and `thoplw.devices()` lists them in Python.

- Peaks are **dense**: data sheets often give twice as much, for matrices half of which are zeros ("with sparsity"). They are in
  10<sup>12</sup> operations per second, and a multiply-add is two. They are of products of matrices, on tensor cores where
  there are some.
- Memory is as makers write it, where a GB is 1000 MB; what is really there may be a little more. Of microcontrollers it is the
  RAM on the chip, and flash is where weights may lie.
- A link is what a device can send to others of its kind in a second, over all its links: data sheets often give twice as much,
  for both directions.
- An empty cell means that no figure was found that somebody answers for. Nothing is guessed.
- A source is the document that the figures come from; most were read where public pages and repositories quote it.
- A name in brackets means the same device.
)";

constexpr std::string_view kYourOwn = R"(
## Your own

A device can be a TOML file: a table for each, every key of which may be left out.

```toml
[my-board]
title = "My board"
memory = "8G"            # of 1000; "8GiB" of 1024
bandwidth = "17.1G"      # bytes per second
link = "32G"             # bytes per second to others of its kind, in one direction
flash = "2MiB"           # of a microcontroller
note = "four cores"
source = "https://example.org/datasheet.pdf"
read = "2026-11-30"

[my-board.peak]          # operations per second; a multiply-add is two
fp32 = "154G"
```

Give its path in place of a name: `--device my.toml`, or `my.toml:my-board` where it has several. An unknown key is an error
that names its line. `thoplw devices --measure` measures the machine it runs on, by a large copy, by products of matrices and by
convolutions, and prints such a file:

```sh
thoplw devices --measure -k text -o this.toml
thoplw torchvision:resnet18 --device this.toml
```
)";

/// "h100-sxm (h100)".
std::string names(const Device& device) {
  std::string text = code(device.name);
  std::string also(device.also);
  if (also.empty()) return text;
  for (std::size_t at = 0; (at = also.find(' ', at)) != std::string::npos; at += 4) also.replace(at, 1, "`, `");
  return text + " (" + code(also) + ")";
}

std::string figures(std::span<const Device> devices) {
  Table table = device_table(devices);
  std::vector<std::size_t> filled;  // columns that any of them has something in
  for (std::size_t i = 1; i < table.titles.size(); ++i) {
    if (std::ranges::any_of(table.rows, [&](const Table::Cells& row) { return !row[i].empty(); })) filled.push_back(i);
  }
  std::string head = "| Name", rule = "| ---", text;
  for (const std::size_t i : filled) {
    head += " | " + table.titles[i];
    rule += i == 1 ? " | ---" : " | ---:";
  }
  text = head + " |\n" + rule + " |\n";
  for (std::size_t row = 0; row < devices.size(); ++row) {
    text += "| " + names(devices[row]);
    for (const std::size_t i : filled) text += " | " + table.rows[row][i];
    text += " |\n";
  }
  return text;
}

std::string sources(std::span<const Device> devices) {
  std::string text;
  for (const Device& device : devices) {
    text += formatted("- {}: {}; read {}{}{}\n", code(device.name), device.source, device.read,
                      device.note.empty() ? "" : "; ", device.note);
  }
  text.pop_back();
  return folded("Sources and notes", text);
}

std::string heading(DeviceKind kind) {
  std::string text(name(kind));
  text.front() = text.front() >= 'a' ? static_cast<char>(text.front() - 'a' + 'A') : text.front();
  return text;
}

}  // namespace

std::string devices_page() {
  std::string text(kIntroduction);
  const std::span<const Device> all = devices();
  for (auto first = all.begin(); first != all.end();) {
    const auto last = std::find_if(first, all.end(), [&](const Device& device) { return device.kind != first->kind; });
    const std::span<const Device> of_kind(first, last);
    text += formatted("\n## {}\n\n{}\n{}", heading(first->kind), figures(of_kind), sources(of_kind));
    first = last;
  }
  return text + std::string(kYourOwn);
}

}  // namespace thoplw::cli
