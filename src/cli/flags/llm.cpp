// Flags: language models.
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

void set_context(Options& options, const std::string& value) {
  options.llm.context = whole_number("context", value, 1, 1 << 24);
}

void set_kv_dtype(Options& options, const std::string& value) { options.llm.kv_dtype = find_number_type(value); }

std::uint32_t devices_of(std::string_view name, const std::string& value) {
  return static_cast<std::uint32_t>(whole_number(name, value, 1, 1 << 20));
}

void set_count(Options& options, const std::string& value) { options.llm.split.count = devices_of("count", value); }

void set_tensor_parallel(Options& options, const std::string& value) {
  options.llm.split.tensor = devices_of("tensor-parallel", value);
}

void set_pipeline(Options& options, const std::string& value) {
  options.llm.split.pipeline = devices_of("pipeline", value);
}

void set_expert_parallel(Options& options, const std::string& value) {
  options.llm.split.expert = devices_of("expert-parallel", value);
}

void set_source(Options& options, const std::string& value) {
  options.source = whole_number("source", value, 1, 1 << 24);
}

void set_images(Options& options, const std::string& value) {
  options.images = whole_number("images", value, 1, 1 << 16);
}

void set_image_size(Options& options, const std::string& value) {
  const std::size_t by = std::min(value.find('x'), value.size());
  const std::string width = by == value.size() ? value : value.substr(by + 1);
  options.image_size = {whole_number("image-size", value.substr(0, by), 1, 1 << 16),
                        whole_number("image-size", width, 1, 1 << 16)};
}

void set_prompts(Options& options, const std::string& value) {
  options.llm.prompts = whole_number("prompts", value, 1, 1 << 20);
}

void set_link(Options& options, const std::string& value) {
  try {
    options.llm.link = parse_bytes(value);
  } catch (const Error&) {
    throw Error("link '" + value + "' is not how many bytes a second a device sends, such as 450G");
  }
}

constexpr auto kRows = std::to_array<Flag>({
    {"--context", "N", "of `llm`: tokens of each prompt, which are then in the cache", set_context, false, nullptr,
     "2048", kLlm},
    {"--kv-dtype", "TYPE", "of `llm`: what keys and values are stored in; as the model does unless given", set_kv_dtype,
     false, number_type_names, "", kLlm},
    {"--count", "N", "of `llm`: how many devices there are; as many as share the model unless given", set_count, false,
     nullptr, "", kLlm},
    {"--tensor-parallel", "N",
     "of `llm`: devices that share each layer, by the plan that transformers has for the model", set_tensor_parallel,
     false, nullptr, "1", kLlm},
    {"--pipeline", "N", "of `llm`: groups of devices, one after the other, each with some of the layers", set_pipeline,
     false, nullptr, "1", kLlm},
    {"--expert-parallel", "N", "of `llm`: devices that share the experts; unless given, those that share each layer",
     set_expert_parallel, false, nullptr, "1", kLlm},
    {"--source", "N", "of `llm`: tokens that an encoder reads; as many as the decoder unless given", set_source, false,
     nullptr, "", kLlm},
    {"--images", "N", "of `llm`: images in each prompt", set_images, false, nullptr, "", kLlm},
    {"--image-size", "HxW",
     "of `llm`: height and width of images, such as 448x672 or 448; as the config says unless given", set_image_size,
     false, nullptr, "", kLlm},
    {"--prompts", "N", "of `llm`: prompts that are read at once; those of all sequences unless given", set_prompts,
     false, nullptr, "", kLlm},
    {"--link", "SIZE",
     "of `llm`: what a device can send to others in a second, such as 450G, where that is not what the table says",
     set_link, false, nullptr, "", kLlm},
});

}  // namespace

std::span<const Flag> llm_flags() { return kRows; }

}  // namespace thoplw::cli
