/**
 * The entry of a table by a name that may come from outside. What every object inherits is none: there is no entry “constructor”.
 */
export const own = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined
