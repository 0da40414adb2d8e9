import type { Existing } from './current.ts'
import { KINDS, type Kind } from './document.ts'
import type { ConfigurationDependencies, Fields } from './ports.ts'
import { entryOf, yamlText } from './yaml-of.ts'

/**
 * Everything that a file can describe, as a file: applying it here changes nothing. The same things give the same text.
 * Left out: what the environment sets, and clients that registered themselves.
 */
export function exportYaml(
  existing: readonly Existing[],
  services: Pick<ConfigurationDependencies, 'clients' | 'resources' | 'providers'>,
): string {
  const keys = Map.groupBy(existing, ({ key }) => key)
  const section = (kind: Kind): Fields[] =>
    existing
      .filter((each) => each.kind === kind && !each.foreign)
      .map((each) => ({ each, entry: entryOf(unambiguous(each, keys), services) }))
      .sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
      .map(({ entry }) => entry)
  return yamlText({ version: 1, ...Object.fromEntries(KINDS.map((kind) => [`${kind}s`, section(kind)])) })
}

/** A key that two clients have names neither. */
function unambiguous(each: Existing, keys: ReadonlyMap<string | undefined, Existing[]>): Existing {
  if (each.key === undefined || keys.get(each.key)?.length === 1) return each
  const { key: _, ...rest } = each
  const { key: __, ...fields } = each.fields
  return { ...rest, fields }
}

const sortKey = ({ each, entry }: { each: Existing; entry: Fields }): string =>
  each.kind === 'client' ? String(entry.key ?? `~${each.id}`) : each.id
