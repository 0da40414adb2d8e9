import type { Change, FieldChange, Plan } from '../../configuration/diff.ts'
import { problemText } from '../../configuration/problems.ts'

const SIGNS = { create: '+', update: '~', delete: '-' } as const
const DONE = { create: 'added', update: 'changed', delete: 'deleted' } as const

/** A plan as people read it: one block a thing, one line a field. */
export function planText({ changes, unnamed }: Plan): string {
  const counts = countText(changes, { create: 'to add', update: 'to change', delete: 'to delete' })
  const summary = changes.length === 0 ? 'Nothing to do: everything is as the file says.' : `Plan: ${counts}.`
  const left = Object.entries(unnamed)
    .filter(([, count]) => count > 0)
    .map(([section, count]) => `${count} ${count === 1 ? section.slice(0, -1) : section}`)
  const note = left.length === 0 ? '' : `\nNot in the file, and left alone: ${left.join(', ')}.`
  return [...changes.map(changeText), `${summary}${note}`].join('\n\n')
}

export const countText = (
  changes: readonly Change[],
  words: Record<Change['action'], string> = DONE,
): string =>
  (['create', 'update', 'delete'] as const)
    .map((action) => `${changes.filter((change) => change.action === action).length} ${words[action]}`)
    .join(', ')

export function changeTitle({ kind, name, id, title, action }: Change): string {
  const what = [title, id !== name && id].filter(Boolean).join(', ')
  const ends = action === 'delete' && kind === 'client' ? ', and everything that it was issued' : ''
  return `${kind} ${name}${what === '' ? '' : ` (${what})`}${ends}`
}

const changeText = (change: Change): string =>
  [
    `${SIGNS[change.action]} ${changeTitle(change)}`,
    ...change.fields.map((field) => `    ${fieldText(field, change.action)}`),
  ].join('\n')

function fieldText({ field, before, after }: FieldChange, action: Change['action']): string {
  if (action === 'create') return `${field}: ${value(after)}`
  if (before === undefined) return `+ ${field}: ${value(after)}`
  if (after === undefined) return `- ${field}: ${value(before)}`
  return `~ ${field}: ${value(before)} → ${value(after)}`
}

const value = (content: unknown): string => (typeof content === 'string' ? content : JSON.stringify(content))

/** `clients.yaml, line 3: clients[0].scope: …` */
export const problemLine = (file: string, problem: Parameters<typeof problemText>[0]): string =>
  `${file}, ${problemText(problem)}`
