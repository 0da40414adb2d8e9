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

test.each(['=', '+', '-', '@', '\uFF1D'])(
  'nor does a spreadsheet that separates by semicolons or tabs find a formula that begins with %j',
  (sign) => {
    expect(csvCell(`x;${sign}1+1;y`)).toBe(`"x;'${sign}1+1;y"`)
    expect(csvCell(`x;"${sign}1+1"`)).toBe(`"x;""'${sign}1+1"""`)
    expect(csvCell(`x\t${sign}1`)).toBe(`"x\t'${sign}1"`)
    expect(csvCell(`x; ${sign}1`)).toBe(`"x; '${sign}1"`)
  },
)

test('a semicolon alone changes nothing', () => {
  expect(csvCell('a; b;c')).toBe('a; b;c')
})
