// Binds the table of devices, and how long a model takes on one of them.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "count/training/step_time.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/layer_info.h"
#include "python/measures.h"
#include "python/to_python.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

/// A device that keeps the texts of a user's file alive.
struct KeptDevice {
  std::shared_ptr<const Device> device;
};

double seconds(Count picoseconds) { return static_cast<double>(picoseconds.value()) / 1e12; }

std::vector<KeptDevice> listed_devices(nb::handle path) {
  std::vector<KeptDevice> list;
  if (path.is_none()) {
    for (const Device& device : devices()) list.push_back({{std::shared_ptr<void>(), &device}});
    return list;
  }
  const auto file = open_devices(given::text(path, "path"));
  for (const Device& device : *file) list.push_back({{file, &device}});
  return list;
}

nb::dict peaks_of(const Device& device) {
  nb::dict peaks;
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    if (device.peaks.by[i] > 0) peaks[std::string(number_types()[i].name).c_str()] = device.peaks.by[i];
  }
  return peaks;
}

void bind_device(nb::module_& m) {
  const auto text = [](std::string_view Device::*member) {
    return [member](const KeptDevice& of) { return to_str(std::string((*of.device).*member)); };
  };
  const auto number = [](std::uint64_t Device::*member) {
    return [member](const KeptDevice& of) { return to_int((*of.device).*member, (*of.device).*member > 0); };
  };
  nb::class_<KeptDevice>(m, "Device", kDeviceDoc)
      .def_prop_ro("name", text(&Device::name))
      .def_prop_ro("title", text(&Device::title))
      .def_prop_ro("kind", [](const KeptDevice& of) { return std::string(name(of.device->kind)); })
      .def_prop_ro("peak", [](const KeptDevice& of) { return peaks_of(*of.device); })
      .def_prop_ro("bandwidth", number(&Device::bandwidth))
      .def_prop_ro("link", number(&Device::link))
      .def_prop_ro("memory", number(&Device::memory))
      .def_prop_ro("flash", number(&Device::flash))
      .def_prop_ro("note", text(&Device::note))
      .def_prop_ro("source", text(&Device::source))
      .def_prop_ro("read", text(&Device::read))
      .def("__repr__", [](const KeptDevice& of) { return "<Device " + std::string(of.device->name) + ">"; });
}

void bind_timing(nb::module_& m) {
  const auto time = [](Count Timing::*member) {
    return [member](const Timing& timing) { return seconds(timing.*member); };
  };
  const auto share = [](Count Timing::*member) {
    return [member](const Timing& timing) {
      const bool known = timing.step > 0;
      return known ? nb::object(nb::float_(seconds(timing.*member) / seconds(timing.step))) : nb::none();
    };
  };
  nb::class_<Timing>(m, "Timing", kTimingDoc)
      .def_prop_ro("device", [](const Timing& timing) { return to_str(timing.device); })
      .def_prop_ro("title", [](const Timing& timing) { return to_str(timing.title); })
      .def_prop_ro("dtype", [](const Timing& timing) { return to_str(timing.type); })
      .def_prop_ro("least", [](const Timing& timing) { return seconds(timing.least()); })
      .def_prop_ro("arithmetic", time(&Timing::arithmetic))
      .def_prop_ro("memory", time(&Timing::memory))
      .def_prop_ro("estimate", time(&Timing::estimate))
      .def_prop_ro("bytes", [](const Timing& timing) { return timing.bytes.value(); })
      .def_prop_ro("exact", [](const Timing& timing) { return timing.arithmetic_exact && timing.memory_known; })
      .def_prop_ro("mfu", share(&Timing::useful))
      .def_prop_ro("hfu", share(&Timing::arithmetic))
      .def("__repr__", [](const Timing& timing) {
        return "<Timing on " + timing.device + ": " + std::to_string(seconds(timing.least())) + " s at least>";
      });
}

}  // namespace

Report counted_on(const LayerInfo& info, const Convention& convention) {
  const Target target{info.target->device.get(), info.target->type};
  if (!info.plan) return count_on(target, *info.trace, convention);
  Report report = count_planned(*info.trace, convention, *info.plan);
  time_step(target, *info.trace, *info.plan, info.target->seconds, report);
  return report;
}

LayerInfo on(const LayerInfo& info, nb::object device, nb::object dtype, nb::object step_seconds) {
  if (!info.trace) {
    throw Error(
        "this table was saved, or without_trace() made it: it cannot be timed; profile or load the model itself");
  }
  OwnTarget target{open_device(given::text(device, "device")), std::nullopt, 0};
  if (const auto type = given::text_or_none(dtype, "dtype")) target.type = find_number_type(*type);
  if (!step_seconds.is_none()) {
    if (!info.plan) throw Error("step_seconds is of a step of training: see thoplw.training()");
    if (!nb::try_cast(step_seconds, target.seconds) || !(target.seconds > 0 && target.seconds < 1e7)) {
      throw Error("step_seconds must be how many seconds a step took, not " + given::shown(step_seconds));
    }
  }
  LayerInfo timed{{}, info.trace, info.source, info.plan, std::move(target)};
  static_cast<Report&>(timed) = counted_on(timed, *opened(info.source));
  return timed;
}

void bind_devices(nb::module_& m) {
  bind_device(m);
  bind_timing(m);
  m.def(
      "devices", [](nb::object path) { return listed_devices(path); }, nb::arg("path").none() = nb::none());
}

}  // namespace thoplw
