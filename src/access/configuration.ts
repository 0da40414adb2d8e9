/** Groups and roles as a configuration file describes them: by name, groups with their roles and without their members. */
import { AppError } from '../shared/errors.ts'
import { t } from '../shared/locales/texts.ts'
import { roleIn, roleKey, writtenRole } from '../shared/role-name.ts'
import { refusedFields } from '../shared/validation-error.ts'
import { contentOf, parseContent, shownContent } from './fields/field.ts'
import { groupFields, roleFields } from './fields/table.ts'
import type { Group } from './groups/group.ts'
import type { Groups } from './groups/groups.ts'
import type { Role } from './roles/role.ts'
import type { Roles } from './roles/roles.ts'

type Fields = Readonly<Record<string, unknown>>

/** What one kind of them can do for a configuration. `name`: as a file writes it. */
export interface DescribedKind {
  /** @throws ValidationError (invalid_fields, 422) with every problem at once */
  complete(entry: Fields): Fields
  list(): Promise<readonly Fields[]>
  add(fields: Fields): Promise<unknown>
  /** Changes the given fields; null empties one. @throws AppError with status 404 when there is none */
  update(name: string, changes: Fields): Promise<unknown>
  /** @throws AppError with status 404 when there is none */
  remove(name: string): Promise<unknown>
}

const MAX_ROLES = 500

export function createAccessConfiguration({ groups, roles }: { groups: Groups; roles: Roles }): {
  groups: DescribedKind
  roles: DescribedKind
} {
  async function roleNamed(written: string): Promise<Role> {
    const wanted = roleIn(written)
    const found = (await roles.find(wanted.name)).find((role) => roleKey(role) === roleKey(wanted))
    if (found === undefined)
      throw new AppError('role_not_found', 404, `There is no role ${written.slice(0, 200)}. Add it first.`)
    return found
  }

  /** Gives a group these roles and no others. */
  async function giveRoles(group: Group, wanted: readonly string[]): Promise<void> {
    const [own, chosen] = await Promise.all([
      roles.ofGroup(group.id),
      Promise.all(wanted.map((name) => roleNamed(name))),
    ])
    const holder = { group: group.id }
    for (const { id } of chosen) if (!own.some((each) => each.id === id)) await roles.assign(id, holder)
    for (const { id } of own) if (!chosen.some((each) => each.id === id)) await roles.unassign(id, holder)
  }

  const every = async <Item>(list: (cursor?: string) => Promise<{ items: Item[]; next_cursor?: string }>) => {
    const items: Item[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await list(cursor)
      items.push(...page.items)
      if (page.next_cursor === undefined) return items
      cursor = page.next_cursor
    }
  }

  const rolesIn = (value: unknown): string[] => {
    const list = value ?? []
    const problem = { roles: t('admin.configuration.problem.roles') }
    if (!Array.isArray(list) || list.length > MAX_ROLES) throw refusedFields(problem)
    if (!list.every((each) => typeof each === 'string' && each.trim() !== '')) throw refusedFields(problem)
    return [...new Set(list.map((each) => each.trim()))]
  }

  return {
    groups: {
      complete: ({ roles: given, ...content }) => ({
        ...parseContent(groupFields, content),
        roles: rolesIn(given),
      }),
      async list() {
        const [all, given] = await Promise.all([
          every((cursor) => groups.list({ limit: 100, cursor })),
          roles.givenToGroups(),
        ])
        return all.map((group) => ({
          ...contentOf(groupFields, group),
          roles: (given.get(group.id) ?? []).map(writtenRole),
        }))
      },
      async add({ roles: given, ...content }) {
        const wanted = rolesIn(given)
        // A name that is no role is refused before the group is there.
        for (const name of wanted) await roleNamed(name)
        await giveRoles(await groups.create(content), wanted)
      },
      async update(name, { roles: given, ...content }) {
        const group = await groups.find(name)
        if (Object.keys(content).length > 0) await groups.update(group.id, content)
        if (given !== undefined) await giveRoles(group, rolesIn(given))
      },
      remove: async (name) => groups.remove((await groups.find(name)).id),
    },
    roles: {
      complete: (entry) => shownContent(roleFields, parseContent(roleFields, entry)),
      async list() {
        const all = await every((cursor) => roles.list({ limit: 100, cursor }))
        return all.map(({ id: _, createdAt: __, version: ___, ...content }) => content)
      },
      add: (fields) => roles.create(fields),
      update: async (name, changes) => roles.update((await roleNamed(name)).id, changes),
      remove: async (name) => roles.remove((await roleNamed(name)).id),
    },
  }
}
