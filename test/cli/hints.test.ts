import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A command of ours in a text that people read; comments name commands by their names alone. Others take “latchkey” as a name. */
const BARE =
  /(?<!npm run -s |realm add |--name |--client-id )\blatchkey\s+(--|apply|audit|clients|doctor|export|keys|migrate|plan|providers|registration-tokens|rejections|resources|settings|users)\b/
const COMMENT = /^\s*(\/\/|\/?\*)/

const bareIn = (texts: { file: string; text: string }[]) =>
  texts.filter(({ text }) => BARE.test(text)).map(({ file, text }) => ({ file, text: BARE.exec(text)?.[0] }))

test('each command that a text names runs as it is printed', () => {
  const lines = globSync(['src/**/*.ts', 'views/**/*.eta'], { exclude: ['src/storage/generated/**'] })
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((text) => ({ file, text })),
    )
    .filter(({ text }) => !COMMENT.test(text))
  expect(bareIn(lines)).toEqual([])
})

test('so does each of the documentation and of what the console gives to copy', () => {
  const files = globSync(['README.md', 'docs/**/*.md', 'snippets/**/*.*', 'examples/**/*.md'])
  expect(files.length).toBeGreaterThan(300)
  // A paragraph at a time: a line may end within a command.
  const paragraphs = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n\n')
      .map((text) => ({ file, text })),
  )
  expect(bareIn(paragraphs)).toEqual([])
})
