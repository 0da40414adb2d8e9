/** The words of an API's scopes: what may be stored of them, and how. */
import { z } from 'zod'
import { saying, t } from '../../shared/locales/texts.ts'
import type { ScopeDescription, ScopeDescriptions } from '../../shared/scope-descriptions.ts'
import { unseen } from '../../shared/text.ts'

const text = (most: number) =>
  z
    .string(saying('admin.common.problem.text'))
    .trim()
    .min(1, saying('admin.resources.problem.words.empty'))
    .max(most, saying('admin.resources.problem.words.long', { most }))
    .refine((typed) => !unseen.test(typed), saying('admin.resources.problem.words.line'))

const one = z.strictObject(
  {
    title: text(120).optional(),
    description: text(500).optional(),
    sensitive: z.boolean(saying('admin.common.problem.boolean')).optional(),
  },
  saying('admin.resources.problem.words.object'),
)

/**
 * @param value of the field @param scopes those of the API
 * @returns what is stored, canonical; or what is wrong, each with its scope
 */
export function parseScopeDescriptions(
  value: unknown,
  scopes: readonly string[],
): { stored: string } | { problems: string[] } {
  if (value === undefined || value === null) return { stored: EMPTY }
  if (typeof value !== 'object' || Array.isArray(value))
    return { problems: [t('admin.resources.problem.words.by_scope')] }
  const problems: string[] = []
  const found = new Map<string, ScopeDescription>()
  for (const [scope, given] of Object.entries(value)) {
    const of = scope.slice(0, 100)
    if (!scopes.includes(scope)) {
      problems.push(t('admin.resources.problem.words.foreign', { scope: of }))
      continue
    }
    const parsed = one.safeParse(given)
    if (parsed.success) found.set(scope, parsed.data)
    else
      for (const issue of parsed.error.issues) {
        const at = issue.code === 'unrecognized_keys' ? issue.keys[0] : issue.path.join('.')
        const message = issue.code === 'unrecognized_keys' ? t('admin.common.problem.unknown') : issue.message
        problems.push([`of ${of}:`, at, message].filter(Boolean).join(' '))
      }
  }
  if (problems.length > 0) return { problems }
  const entries = scopes.flatMap((scope) => {
    const { title, description, sensitive } = found.get(scope) ?? {}
    const kept = {
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(sensitive === true && { sensitive }),
    }
    return Object.keys(kept).length > 0 ? [[scope, kept] as const] : []
  })
  return { stored: JSON.stringify(Object.fromEntries(entries)) }
}

export const EMPTY = '{}'

/** What is stored, which is of this server. */
export const readScopeDescriptions = (stored: string): ScopeDescriptions => JSON.parse(stored)
