import { ofNoApi, sharedAmong } from '../shared/scope-warnings.ts'
import type { Existing } from './current.ts'
import type { Change } from './diff.ts'
import type { Kind, Wanted } from './document.ts'
import type { Fields } from './ports.ts'

interface Thing {
  kind: Kind
  name: string
  fields: Fields
}

const scopesOf = ({ scope }: Fields): string[] =>
  String(scope ?? '')
    .split(' ')
    .filter(Boolean)

const byScope = (apis: readonly Thing[]): ReadonlyMap<string, string[]> => {
  const found = new Map<string, string[]>()
  for (const { name, fields } of apis)
    for (const scope of new Set(scopesOf(fields))) found.set(scope, [...(found.get(scope) ?? []), name])
  return found
}

/**
 * What is to be known of scopes once a file is applied, as far as the file brings it about: those that several APIs have, and
 * those of clients that no API has.
 * @param kept what exists, is not in the file, and stays
 */
export function scopeWarnings({
  wanted,
  kept,
  existing,
  changes,
  needsNoApi,
}: {
  wanted: readonly Wanted[]
  kept: readonly Existing[]
  existing: readonly Existing[]
  changes: readonly Change[]
  needsNoApi(scope: string): boolean
}): string[] {
  const named = (each: Existing): Thing => ({ kind: each.kind, name: each.id, fields: each.fields })
  const after: Thing[] = [...wanted, ...kept.map(named)]
  const of = (things: readonly Thing[], kind: Kind) => things.filter((each) => each.kind === kind)
  const apis = byScope(of(after, 'resource'))
  const before = byScope(of(existing.map(named), 'resource'))
  const changed = new Set(changes.map(({ kind, name }) => `${kind} ${name}`))
  const isChanged = ({ kind, name }: Pick<Thing, 'kind' | 'name'>) => changed.has(`${kind} ${name}`)
  const clients = of(after, 'client')
  const asked = new Set(clients.filter(isChanged).flatMap(({ fields }) => scopesOf(fields)))
  const shared = [...apis].filter(
    ([scope, names]) =>
      names.length > 1 && (asked.has(scope) || names.some((name) => isChanged({ kind: 'resource', name }))),
  )
  const unknown = clients.flatMap((client) =>
    scopesOf(client.fields)
      .filter((scope) => !apis.has(scope) && !needsNoApi(scope))
      // One that is wrong already, and that the file has nothing to do with, is not of this plan.
      .filter((scope) => isChanged(client) || before.has(scope))
      .map((scope) => `client ${client.name}: ${ofNoApi(scope)}`),
  )
  return [...shared.map(([scope, names]) => sharedAmong(scope, names)), ...unknown]
}
