/**
 * Makes docs/settings.md of the table of settings.
 *
 *   node scripts/settings-docs.ts            writes it
 *   node scripts/settings-docs.ts --check    exits 1 if it is not as it would be written
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DESCRIPTIONS, defaultOf, type SettingDescription, textOf } from '../src/settings/table.ts'
import { inEnglish } from '../src/shared/locales/texts.ts'

const path = resolve(import.meta.dirname, '../docs/settings.md')
const EXAMPLE = 'https://id.example.com'

const intro = `<!-- Made by \`npm run docs\` of src/settings/rows. Change it there. -->
# Settings

What an owner may change while the server runs: in the console at \`/admin/settings\`, on the command line, [by REST](administration-api.md#settings),
or in [a configuration file](configuration-as-code.md).

    npm run -s latchkey -- settings list
    npm run -s latchkey -- settings get registration
    npm run -s latchkey -- settings set registration closed
    npm run -s latchkey -- settings set email_domains example.com example.org
    npm run -s latchkey -- settings reset registration email_domains

- A change counts in every process within two seconds. All of a change is made, or nothing of it; it is in the [audit log](audit.md) with what
  counted before and after.
- An environment variable of the same name in capitals (\`REGISTRATION=closed\`) sets a setting for good: it is shown with its variable, and
  changing it is refused. Lists are separated by spaces or commas there. Give the command line the environment of the server, or it does not
  know.
- “Reset” takes a setting back to its default.
- By REST, a client that acts for itself [cannot change](administration-api.md#what-a-program-cannot-do) those with a ★, by which accounts are guarded.
- What is needed before the database is open, or is of the machine, is an [environment variable](configuration.md) only.
`

function allowed({ input }: SettingDescription): string {
  if (input.kind === 'choice') return input.options.map((option) => `\`${option}\``).join(', ')
  if (input.kind === 'words') return 'a list'
  if (input.kind === 'text') return 'text'
  const unit = [input.unit, input.zero && `\`0\`: ${inEnglish(input.zero)}`].filter(Boolean).join('; ')
  return `${input.low} to ${input.high}${unit === '' ? '' : ` (${unit})`}`
}

function row(setting: SettingDescription): string {
  const fallback = textOf(defaultOf(setting.name, EXAMPLE)).replace(
    new URL(EXAMPLE).hostname,
    'host of ISSUER',
  )
  const see = setting.see === undefined ? '' : ` [More](${setting.see}).`
  return `| \`${setting.name}\`${setting.guards ? ' ★' : ''} | ${fallback === '' ? 'none' : `\`${fallback}\``} | ${allowed(setting)} | ${setting.label}. ${setting.sentence}${see} |`
}

const sections = [...Map.groupBy(DESCRIPTIONS, ({ section }) => section)].map(
  ([section, settings]) =>
    `## ${section}\n\n| Setting | Default | Values | |\n|---|---|---|---|\n${settings.map(row).join('\n')}\n`,
)
const text = [intro, ...sections].join('\n')

if (!process.argv.includes('--check')) writeFileSync(path, text)
else if (readFileSync(path, 'utf8') !== text) {
  console.error('docs/settings.md is not what the table of settings says: run npm run docs')
  process.exitCode = 1
}
