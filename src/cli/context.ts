import { Command } from 'commander'
import type { Clock } from '../shared/clock.ts'
import { PROGRAM } from './program.ts'
import type { CliServices } from './services.ts'

/** A stream that text can be written to. */
export interface Writer {
  write(text: string): unknown
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What a run of the command line touches of the world outside. */
export interface CliDependencies {
  /** @throws ConfigError with every wrong variable · AppError, CliError when something cannot be opened */
  openServices(env: Environment, opening: Opening): Promise<CliServices>
  env: Environment
  stdin: AsyncIterable<Uint8Array | string> & { isTTY?: boolean }
  stdout: Writer
  stderr: Writer
  fetch: typeof fetch
  clock: Clock
}

/** What a command needs of the installation that it works on. */
export interface Opening {
  /**
   * Makes the database and its keys, if there are none: `first` for what people do first of all, unless a server has run here
   * on another one; `always` because that is what was asked for.
   */
  create?: 'first' | 'always'
  /** Goes on with another SECRET_KEY than the one of the database: to look at it, or to put a new key in its place. */
  anyKey?: 'look' | 'replace'
}

/** What a command is given to work with. */
export interface Cli extends Pick<CliDependencies, 'env' | 'stdin' | 'stderr' | 'fetch' | 'clock'> {
  /** Opens the services on first use, on what is there unless told otherwise; they are closed when the run ends. */
  services(opening?: Opening): Promise<CliServices>
  /**
   * The one answer of a command: a JSON document with --json, else text for people. Written when the command is done and
   * what it did is recorded. What is to be known of it goes to standard error beside the text; the document has it as `warnings`.
   */
  answer(options: Options, document: unknown, text: string, warnings?: readonly string[]): void
  /** Writes what is too long for one answer, as fast as it is read. */
  stream(pieces: AsyncIterable<string>): Promise<void>
  /** Ends the run with this status once the command is done. */
  setStatus(status: number): void
}

/** Options as commander hands them over: every command parses the ones it knows. */
export type Options = Readonly<Record<string, unknown>>

/** A refusal with one line a problem. `status` 1: cannot be done; 2: not a command that exists. */
export class CliError extends Error {
  readonly lines: readonly string[]
  readonly status: 1 | 2
  constructor(lines: readonly string[], status: 1 | 2 = 1) {
    super(lines.join('\n'))
    this.name = 'CliError'
    this.lines = lines
    this.status = status
  }
}

/** A command with `--json`. */
export const createCommand = (name: string, description: string): Command =>
  new Command(name).description(description).option('--json', 'print one JSON document and nothing else')

export const withPage = (command: Command): Command =>
  command
    .option('--limit <number>', 'at most this many, 1 to 100 (default 50)')
    .option('--cursor <cursor>', 'where the page before ended')

export function pageOf({ limit, cursor }: Options): { limit?: number; cursor?: string } {
  if (limit !== undefined && !/^([1-9]\d?|100)$/.test(String(limit))) {
    throw new CliError(['--limit: must be a whole number from 1 to 100, for example 50'])
  }
  return {
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(typeof cursor === 'string' && { cursor }),
  }
}

/** The value of an option in seconds; NaN, which every check refuses, for what is no whole number (“”, “1e3”). */
export const secondsOf = (value: unknown): number =>
  typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN

/** A word of a command line, as a POSIX shell reads it. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/**
 * How to get the next page; nothing on the last.
 * @param command with its arguments
 * @param options those it was given: the next page is of the same list
 */
export function moreHint(command: string, options: Options, cursor: string | undefined): string {
  if (cursor === undefined) return ''
  const given = Object.entries({ ...options, json: undefined, cursor }).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    const values: unknown[] = Array.isArray(value) ? value : [value]
    return values
      .filter((each) => each !== undefined && each !== false)
      .map((each) => (each === true ? flag : `${flag} ${shellWord(String(each))}`))
  })
  return `\n\nMore: ${[PROGRAM, command, ...given].join(' ')}`
}

/** A document with what is to be known of it; nothing: as it is. */
export const withWarnings = <Document extends object>(document: Document, warnings: readonly string[]) => ({
  ...document,
  ...(warnings.length > 0 && { warnings }),
})
