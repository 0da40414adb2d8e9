import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A command of ours in a text that people read; comments name commands by their names alone. */
const BARE =
  /(?<!npm run -s )\blatchkey (--|apply|audit|clients|doctor|export|keys|migrate|plan|providers|registration-tokens|rejections|resources|users)\b/
const COMMENT = /^\s*(\/\/|\/?\*)/

test('each command that a text names runs as it is printed', () => {
  const bare = globSync(['src/**/*.ts', 'views/**/*.eta'], { exclude: ['src/storage/generated/**'] })
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => ({ file, line })),
    )
    .filter(({ line }) => BARE.test(line) && !COMMENT.test(line))
  expect(bare).toEqual([])
})
