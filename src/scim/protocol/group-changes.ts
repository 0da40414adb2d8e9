import { externalIdOf } from './context.ts'
import { scimError } from './errors.ts'
import type { Library } from './library.ts'
import { type PatchOperation, partsOf } from './operations.ts'

/** What is to be changed of a group. Undefined: it stays. */
export interface GroupChanges {
  name?: unknown
  externalId?: string | null
  /** All that it has from now on; else what is added and removed. */
  members?: Set<string>
  added: Set<string>
  removed: Set<string>
}

/** `members[value eq "…"]`, as Okta and RFC 7644 §3.5.2.2 remove one. */
const MEMBER = /^value\s+eq\s+"([\w-]{1,100})"$/i

/** What operations on a group come to. @throws AppError invalidPath, invalidValue (400) */
export function changesOf(library: Library, operations: readonly PatchOperation[]): GroupChanges {
  const changes: GroupChanges = { added: new Set(), removed: new Set() }
  for (const { op, path, value } of operations) {
    const { extension, attribute, filter, sub } = partsOf(path ?? '')
    if (extension) continue
    if (!library.knows('Group', attribute)) throw scimError(400, 'This path is not known.', 'invalidPath')
    if (attribute === 'displayname') {
      if (op === 'remove') throw scimError(400, 'displayName is required.', 'invalidValue')
      changes.name = value
    } else if (attribute === 'externalid') changes.externalId = op === 'remove' ? null : externalIdOf(value)
    else if (attribute === 'members') {
      if (sub !== undefined)
        throw scimError(400, 'Members are added and removed, and not changed.', 'invalidPath')
      changeMembers(library, changes, { op, filter, value })
    }
  }
  if (changes.name !== undefined) library.check('Group', { displayName: changes.name })
  return changes
}

function changeMembers(
  library: Library,
  changes: GroupChanges,
  { op, filter, value }: { op: PatchOperation['op']; filter: string | undefined; value: unknown },
): void {
  const id = filter === undefined ? undefined : MEMBER.exec(filter)?.[1]
  if (filter !== undefined && (id === undefined || op !== 'remove'))
    throw scimError(400, 'Members are removed by members[value eq "ID"].', 'invalidPath')
  const none = value === undefined || value === null
  const ids = id === undefined ? (none ? [] : membersIn(library, value)) : [id]
  if (op === 'replace') {
    changes.members = new Set(ids)
    changes.added.clear()
    changes.removed.clear()
  } else if (op === 'add')
    for (const each of ids) {
      changes.removed.delete(each)
      changes.added.add(each)
    }
  else if (id === undefined && none) {
    changes.members = new Set()
    changes.added.clear()
  } else
    for (const each of ids) {
      changes.added.delete(each)
      changes.removed.add(each)
    }
}

function membersIn(library: Library, value: unknown): string[] {
  const list = (Array.isArray(value) ? value : [value]).map((each) => {
    const said = typeof each === 'object' && each !== null ? (each as { value?: unknown }).value : each
    if (typeof said !== 'string' || said === '')
      throw scimError(400, 'A member has a value: the id of a user.', 'invalidValue')
    return { value: said }
  })
  const { members = [] } = library.check('Group', { displayName: '-', members: list }) as {
    members?: { value: string }[]
  }
  return members.map(({ value: id }) => id)
}
