// The catalogue's price rule, as the server computes it: {"base"} or {"by": [parameter, table]}, with factors.
const key = (value) => (value === undefined || value === null ? "none" : String(value));

export function amount(rule, parameters) {
  let value = rule.base ?? 0;
  if (rule.by) {
    const [name, table] = rule.by;
    value = table[key(parameters[name])] ?? rule.base ?? Math.max(...Object.values(table));
  }
  for (const [name, factors] of Object.entries(rule.times ?? {})) value *= factors[key(parameters[name])] ?? 1;
  return Math.ceil(value);
}
