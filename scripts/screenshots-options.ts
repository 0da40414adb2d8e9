import { parseArgs } from 'node:util'

/** What of `node scripts/screenshots.ts` was asked for. */
export interface ScreenshotOptions {
  /** Where the pictures go; undefined: those of the documentation, into docs/images. */
  folder: string | undefined
  /** The tag of a language. */
  language: string | undefined
  console: boolean
}

/** @param args after the name of the script @throws Error for an option that there is none of, and for a folder named like one */
export function screenshotOptions(args: string[]): ScreenshotOptions {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'no-console': { type: 'boolean' } },
  })
  const [folder, language] = positionals
  // Behind `--` anything is a folder.
  if (folder?.startsWith('-') || positionals.length > 2)
    throw new Error('Expected [FOLDER [LANGUAGE]] [--no-console].')
  return { folder, language, console: values['no-console'] !== true }
}
