// Numbers as the tables of thoplw print them. Counts are BigInt, since they may go beyond 2^53.

const kUnits = ["", " K", " M", " G", " T", " P", " E"];

// C's "%.2f". Of two that are as near it takes the even one, where toFixed takes the greater; only odd eighths are.
function fixed2(value) {
  const text = value.toFixed(2);
  const halfway = Math.abs(value * 8) % 2 === 1;
  return halfway && Number(text.at(-1)) % 2 === 1 ? (value - 0.005).toFixed(2) : text;
}

function cleverText(value) {
  if (value < 1000n) return String(value);
  let scale = 1;
  for (let unit = 0; ; ++unit, scale *= 1000) {
    const text = fixed2(Number(value) / scale);
    if (Number(text) < 1000 || unit + 1 === kUnits.length) return text + kUnits[unit];
  }
}

function ratioText(value, total) {
  const whole = Number(total);
  return fixed2(whole > 0 ? (100 * Number(value)) / whole : 0) + " %";
}

// C's "%.4g" without an exponent.
function fourDigits(value) {
  return String(Number(value.toPrecision(4)));
}

/** Picoseconds for people: "12.35 us". */
function timeText(value) {
  const units = [[1e12, "s"], [1e9, "ms"], [1e6, "us"], [1e3, "ns"]];
  const [size, unit] = units.find(([size]) => Number(value) >= size) ?? [1, value === 0n ? "s" : "ps"];
  return `${fourDigits(Number(value) / size)} ${unit}`;
}

/** How many of one there are for each of the other; nothing where there is none of that. */
function quotientText(of, per) {
  if (per === 0n) return "";
  const quotient = Number(of) / Number(per);
  return quotient >= 100 ? quotient.toFixed(0) : String(Number(quotient.toPrecision(3)));
}

/** amount: {value, exact, seconds}; numbers: "raw", "clever" or "ratio"; total: what a share is of. */
function numberText(amount, total, numbers) {
  const text =
    numbers === "ratio" ? ratioText(amount.value, total) : amount.seconds ? timeText(amount.value) : numbers === "clever" ? cleverText(amount.value) : String(amount.value);
  return (amount.exact ? "" : ">=") + text;
}

/** -1, 0 or 1, of numbers, BigInts or strings. */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
