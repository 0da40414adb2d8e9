import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { isTypePattern, matchesType } from '../audit/outside/types.ts'
import { type Cli, CliError, type Options } from './context.ts'
import { repeated } from './option.ts'

/** Entries that are read at once, and how long there is a pause behind the last one, in milliseconds. */
const BATCH = 200
const EVERY = 1000

/** `latchkey events …` */
export function eventCommands(cli: Cli): Command {
  return new Command('events')
    .description('What webhooks are sent, to look at while you develop')
    .addCommand(tail(cli))
}

const tail = (cli: Cli): Command =>
  new Command('tail')
    .description('follow the events, one JSON document a line, until you stop it')
    .option('--type <type>', 'a type or pattern: user.created, user.*; may be repeated', repeated)
    .option('--since <time>', 'from this day or time on, like 2026-11-25T13:00Z; else from now on')
    .option('--no-follow', 'end behind the newest event')
    .action(async (options: Options) => {
      const patterns = (options.type as string[] | undefined) ?? ['*']
      const unknown = patterns.filter((pattern) => !isTypePattern(pattern))
      if (unknown.length > 0) throw new CliError([`--type: there is no such type: ${unknown.join(', ')}`])
      const { audit } = await cli.services()
      const from =
        typeof options.since === 'string' ? await audit.before(options.since) : await audit.newest()
      const ended = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort())
      await cli.stream(follow(audit, from, patterns, options.follow === false, ended.signal))
    })

async function* follow(
  audit: Awaited<ReturnType<Cli['services']>>['audit'],
  from: number,
  patterns: readonly string[],
  once: boolean,
  ended: AbortSignal,
): AsyncGenerator<string> {
  for (let position = from; !ended.aborted; ) {
    const { events, through } = await audit.eventsAfter(position, BATCH)
    for (const event of events)
      if (patterns.some((pattern) => matchesType(pattern, event.type))) yield `${JSON.stringify(event)}\n`
    if (through > position) position = through
    else if (once) return
    else await pause(EVERY, undefined, { signal: ended }).catch(() => undefined)
  }
}
