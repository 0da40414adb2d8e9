import { expect, test } from 'vitest'
import { csvCell } from '../../src/shared/csv.ts'

test.each(['=', '+', '-', '@', '\t', '\r', '\n', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20'])(
  'a cell that begins with %j, which a spreadsheet takes for a formula, begins with an apostrophe',
  (sign) => {
    expect(csvCell(`${sign}cmd()`)).toBe(`"'${sign}cmd()"`)
    // Within a text it is no formula.
    expect(csvCell(`a${sign}b`)).not.toContain("'")
  },
)
