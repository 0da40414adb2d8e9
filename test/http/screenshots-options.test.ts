import { expect, test } from 'vitest'
import { screenshotOptions } from '../../scripts/screenshots-options.ts'

test('pictures go into a folder, in a language, with the console unless it is left out', () => {
  expect(screenshotOptions([])).toEqual({ folder: undefined, language: undefined, console: true })
  expect(screenshotOptions(['/tmp/pictures', 'ar', '--no-console'])).toEqual({
    folder: '/tmp/pictures',
    language: 'ar',
    console: false,
  })
})

test.each([[['--help']], [['-h', 'de']], [['--', '--help']], [['a', 'de', 'c']]])(
  'no folder is made that is named like an option: %s',
  (args) => {
    expect(() => screenshotOptions(args)).toThrow()
  },
)
