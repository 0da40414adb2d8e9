import { z } from 'zod'
import type { NamedField } from '../../../access/fields/field.ts'
import type { Groups } from '../../../access/groups/groups.ts'
import type { GroupListing } from '../../../access/groups/listing/listing.ts'
import type { RoleListing } from '../../../access/roles/listing/listing.ts'
import type { Roles } from '../../../access/roles/roles.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { ClientAccess } from '../../../clients/clients.ts'
import type { AdministeredResources } from '../../../clients/resources/administered.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import { described } from '../../../shared/locales/described.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { askedPlace } from '../../../shared/paging.ts'
import { tickedOf } from '../clients/controls.ts'
import type { ConsoleDependencies } from '../context.ts'
import { type DrawnField, draw } from '../fields.ts'

/** What the pages of groups and roles work on. */
export interface AccessAreaDependencies {
  groups: Groups
  roles: Roles
  groupFields: readonly NamedField[]
  roleFields: readonly NamedField[]
  /** Clients that name groups or roles for whom they are. */
  restrictedClients(): Promise<ClientAccess[]>
  findAccount: ConsoleDependencies['findAccount']
  /** By ID, username or address. */
  findPerson: Accounts['find']
  resources: AdministeredResources
  groupListing: GroupListing
  roleListing: RoleListing
}

export const fieldsSchema = z.record(z.string(), z.string().max(20_000)).default({})
export const listQuery = z.object({
  cursor: askedPlace,
  done: z.string().optional().catch(undefined),
})
export const versionSchema = z.string().regex(/^\d{1,9}$/)

/** Up to so many are offered to choose from; of more the name is typed. */
const MAX_CHOICES = 100

const SCOPE = 'scope'

/** What was entered into a form; what it does not have is not said. */
export const readFields = (
  fields: readonly NamedField[],
  sent: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(
    fields.flatMap(({ name, input }): [string, string][] => {
      if (input === 'scopes') return [[name, tickedOf(sent, SCOPE).join(' ')]]
      return sent[name] === undefined ? [] : [[name, sent[name]]]
    }),
  )

/** A group or role as a form is filled with it. */
export const shownFields = (fields: readonly NamedField[], shown: object): Record<string, string> =>
  Object.fromEntries(
    fields.flatMap(({ name, input }): [string, string][] => {
      const value = String((shown as Readonly<Record<string, unknown>>)[name] ?? '')
      if (input !== 'scopes') return [[name, value]]
      return value
        .split(' ')
        .filter(Boolean)
        .map((scope) => [`${SCOPE}.${scope}`, 'on'])
    }),
  )

/** The texts of a field in the language of the console. */
const wordsOf = (of: 'group' | 'role', { name, form: { label, hint } }: NamedField) => ({
  label: described(`admin.access.${of}_field.${name}.label`, label),
  hint: described(`admin.access.${of}_field.${name}.hint`, hint),
})

/** Each field with its value, for people. */
export const seenFields = (
  of: 'group' | 'role',
  fields: readonly NamedField[],
  one: object,
): [label: string, value: string][] =>
  fields.map((field) => [
    wordsOf(of, field).label,
    String((one as Readonly<Record<string, unknown>>)[field.name] || t('admin.common.empty')),
  ])

/**
 * The fields as a form has them.
 * @param given.apis to choose from; undefined: its identifier is typed @param given.scopes those of its API
 */
export function drawnFields(
  of: 'group' | 'role',
  fields: readonly NamedField[],
  values: Readonly<Record<string, string>>,
  given: {
    apis?: readonly { identifier: string; name: string }[] | undefined
    scopes?: readonly string[]
  } = {},
): DrawnField[] {
  return fields.map((field) => {
    const { name, input, required } = field
    const text = { name, ...wordsOf(of, field), optional: required !== true }
    if (input === 'scopes')
      return draw(text, {
        kind: 'boxes',
        boxes: (given.scopes ?? []).map((scope) => {
          const box = `${SCOPE}.${scope}`
          return { name: box, label: scope, checked: Object.hasOwn(values, box) }
        }),
      })
    if (input === 'api' && given.apis)
      return draw(text, {
        kind: 'choice',
        options: [
          { value: '', label: t('admin.access.api.none') },
          ...given.apis.map((api) => ({ value: api.identifier, label: `${api.name} (${api.identifier})` })),
        ],
      })
    return draw(text, { kind: 'text', plain: input === 'api' })
  })
}

/** A form that names a group, a role or a person to add. */
export interface Picker extends Form {
  /** To choose from; undefined: a name is typed. */
  options?: { value: string; label: string }[] | undefined
}

export const nameOfRole = ({ name, resource }: { name: string; resource?: string }): string =>
  resource === undefined ? name : `${name} (${resource})`

/** Roles to choose from, without those that are there. */
export async function roleChoices(
  roles: Pick<Roles, 'list'>,
  there: ReadonlySet<string>,
): Promise<Picker['options']> {
  const page = await roles.list({ limit: MAX_CHOICES })
  if (page.next_cursor !== undefined) return undefined
  return page.items
    .filter(({ id }) => !there.has(id))
    .map((role) => ({ value: role.id, label: nameOfRole(role) }))
}

/** As `roleChoices`, of groups. */
export async function groupChoices(
  groups: Pick<Groups, 'list'>,
  there: ReadonlySet<string>,
): Promise<Picker['options']> {
  const page = await groups.list({ limit: MAX_CHOICES })
  if (page.next_cursor !== undefined) return undefined
  return page.items.filter(({ id }) => !there.has(id)).map(({ id, name }) => ({ value: id, label: name }))
}

/** @throws AppError role_not_found (404), role_not_clear (409): several APIs have one of this name */
export async function pickedRole(roles: Pick<Roles, 'find'>, idOrName: string): Promise<string> {
  const [role, another] = await roles.find(idOrName.trim())
  if (role === undefined) throw new AppError('role_not_found', 404, message('admin.access.role.unknown'))
  if (another !== undefined) throw new AppError('role_not_clear', 409, message('admin.access.role.several'))
  return role.id
}

/** How many there are, of a count that stops at a thousand and one. */
export const countText = (count: number): string =>
  count > 1000 ? t('admin.common.more_than_thousand') : String(count)

/** What a form was refused for, above it; other errors are thrown on. @throws what is no refusal */
export function refusalOf(error: unknown): { alert: string; status: number } {
  if (!(error instanceof AppError) || error.status >= 500) throw error
  return { alert: error.publicMessage, status: error.status }
}
