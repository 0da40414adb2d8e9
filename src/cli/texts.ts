import { Command } from 'commander'
import type { TextState } from '../settings/texts.ts'
import { isLocale, LOCALES } from '../shared/locales/locales.ts'
import { hasWords } from '../shared/text.ts'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import { table } from './text.ts'

/** `latchkey texts …` */
export function textsCommands(cli: Cli): Command {
  const group = new Command('texts').description('What pages and messages say, language by language')
  for (const command of [list(cli), set(cli), reset(cli)]) group.addCommand(command)
  return group
}

const documentOf = ({ key, shipped, override }: TextState) => ({ key, shipped, override: override ?? null })

function known(locale: string): string {
  if (isLocale(locale)) return locale
  const tags = LOCALES.map(({ tag }) => tag).join(', ')
  throw new CliError([`There is no language ${locale}. There are: ${tags}.`])
}

const list = (cli: Cli): Command =>
  createCommand('list', 'list the texts of a language')
    .argument('<locale>')
    .option('--changed', 'those alone that are said otherwise')
    .option('--search <words>', 'those alone that have these words, or this key')
    .action(async (locale: string, options: Options & { changed?: boolean; search?: string }) => {
      const { texts } = await (await cli.services()).texts.list(known(locale))
      const fits = hasWords(options.search ?? '')
      const found = texts.filter(
        ({ key, shipped, override = '' }) =>
          (!options.changed || override !== '') && fits(`${key} ${shipped} ${override}`),
      )
      cli.answer(
        options,
        { items: found.map(documentOf) },
        table([['KEY', 'SAYS'], ...found.map(({ key, shipped, override }) => [key, override ?? shipped])]),
      )
    })

const set = (cli: Cli): Command =>
  createCommand('set', 'say a text otherwise; running servers follow within two seconds')
    .argument('<locale>')
    .argument('<key>')
    .argument('<text>')
    .action(async (locale: string, key: string, text: string, options: Options) => {
      const { texts } = await cli.services({ create: 'first' })
      const state = await texts.change(known(locale), { [key]: text }, { others: 'stay' })
      const found = state.texts.find((each) => each.key === key)
      cli.answer(options, found && documentOf(found), `${key} is changed.`)
    })

const reset = (cli: Cli): Command =>
  createCommand('reset', 'say texts as they ship')
    .argument('<locale>')
    .argument('<key...>')
    .action(async (locale: string, keys: readonly string[], options: Options) => {
      const { texts } = await cli.services({ create: 'first' })
      const state = await texts.change(known(locale), Object.fromEntries(keys.map((key) => [key, null])), {
        others: 'stay',
      })
      const found = state.texts.filter(({ key }) => keys.includes(key))
      cli.answer(
        options,
        { items: found.map(documentOf) },
        found.map(({ key }) => `${key} is as it ships.`).join('\n'),
      )
    })
