import type { Existing } from './current.ts'
import { KINDS, type Kind, sectionOf } from './document.ts'
import type { EntityServices, Fields } from './ports.ts'
import { createBreathe } from './slices.ts'
import { createEntryOf, isNamed, yamlWriter } from './yaml-of.ts'

/**
 * Everything that a file can describe, as a file: applying it here changes nothing. The same things give the same text.
 * Left out: what the environment sets, and clients that registered themselves. Requests come in between: with ten thousand
 * clients it takes seconds.
 * @param maxLength characters; undefined when it would be longer
 */
export async function exportYaml(
  existing: readonly Existing[],
  services: EntityServices,
  maxLength = Number.POSITIVE_INFINITY,
): Promise<string | undefined> {
  const breathe = createBreathe()
  const entryOf = createEntryOf(services)
  const keys = Map.groupBy(existing, ({ key }) => key)
  const yamlText = await yamlWriter()
  const sectionText = (kind: Kind, entries: readonly object[]): string =>
    yamlText({ [sectionOf(kind)]: kind === 'setting' ? Object.assign({}, ...entries) : entries })
  let text = yamlText({ version: 1 })
  for (const kind of KINDS) {
    const named = existing
      .filter((each) => each.kind === kind && !each.foreign)
      .map((each) => unambiguous(each, keys))
      .sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
    if (kind === 'text') {
      if (named.length > 0) text += yamlText({ texts: byLanguage(named.map(({ fields }) => fields)) })
      if (text.length > maxLength) return undefined
      continue
    }
    if (named.length === 0 && !OPTIONAL.has(kind)) text += sectionText(kind, [])
    for (const [index, each] of named.entries()) {
      const section = sectionText(kind, [entryOf(each)])
      // Its heading stands once, before the first.
      text += index === 0 ? section : section.slice(section.indexOf('\n') + 1)
      if (text.length > maxLength) return undefined
      await breathe()
    }
  }
  return text
}

/** Left out where there is nothing of them. */
const OPTIONAL: ReadonlySet<Kind> = new Set([
  'setting',
  'role',
  'group',
  'organization',
  'attribute',
  'claim',
  'hook',
  'webhook',
  'administrator_role',
  'brand',
])

/** Texts as a file says them: language, key, text. */
function byLanguage(texts: readonly Fields[]): Record<string, Record<string, unknown>> {
  const languages: Record<string, Record<string, unknown>> = {}
  for (const { locale, key, text } of texts)
    languages[String(locale)] = { ...languages[String(locale)], [String(key)]: text }
  return languages
}

/** A key that two clients have names neither. */
function unambiguous(each: Existing, keys: ReadonlyMap<string | undefined, Existing[]>): Existing {
  if (each.key === undefined || keys.get(each.key)?.length === 1) return each
  const { key: _, ...rest } = each
  const { key: __, ...fields } = each.fields
  return { ...rest, fields }
}

const sortKey = ({ kind, id, fields: { key } }: Existing): string =>
  kind === 'client' ? (isNamed(key) ? key : `~${id}`) : id
