/**
 * Writes the list of events in docs/webhooks.md, of the table of src/audit/outside/types.ts.
 *
 *   node scripts/events-docs.ts            writes it
 *   node scripts/events-docs.ts --check    exits 1 if it is not as it would be written
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EVENT_TYPES } from '../src/audit/event-types.ts'
import { OUTSIDE_TYPES } from '../src/audit/outside/types.ts'

const path = resolve(import.meta.dirname, '../docs/webhooks.md')
const START = '<!-- Made by `npm run docs` of src/audit/outside/types.ts. Change it there. -->\n'

const words = (action: keyof typeof EVENT_TYPES) =>
  EVENT_TYPES[action].replaceAll(/ ?\{target\}/g, ' …').trim()

const rows = [...OUTSIDE_TYPES]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(
    ([type, actions]) =>
      `| \`${type}\` | ${actions.map((action) => `\`${action}\`: ${words(action)}`).join('; ')} |`,
  )
const before = readFileSync(path, 'utf8')
const head = before.slice(0, before.indexOf(START))
const text = `${head}${START}\n| Type | Events of the audit log, as \`data.action\` |\n|---|---|\n${rows.join('\n')}\n`

if (!process.argv.includes('--check')) writeFileSync(path, text)
else if (before !== text) {
  console.error('docs/webhooks.md does not list the events of src/audit/outside/types.ts: run npm run docs')
  process.exitCode = 1
}
