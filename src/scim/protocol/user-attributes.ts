/** How a user of SCIM (RFC 7643 §4.1) is an account here, both ways. */
import { hash } from 'node:crypto'
import type { Account } from '../../accounts/account.ts'
import type { ProvisionedInput } from '../../accounts/provisioning/provisioning.ts'
import { externalIdOf, type ScimResource } from './context.ts'
import { scimError } from './errors.ts'
import type { Library } from './library.ts'
import { type PatchOperation, partsOf } from './operations.ts'

/** What is to be changed. */
export interface UserChanges {
  account: ProvisionedInput
  /** undefined: it stays. */
  externalId?: string | null
}

/** Attributes with one text, and what holds it here. */
const TEXTS: Readonly<
  Record<string, 'givenName' | 'familyName' | 'middleName' | 'nickname' | 'locale' | 'zoneinfo'>
> = {
  'name.givenname': 'givenName',
  'name.familyname': 'familyName',
  'name.middlename': 'middleName',
  nickname: 'nickname',
  locale: 'locale',
  timezone: 'zoneinfo',
}

/** What a replacement that leaves it out empties: what directories own. What people say of themselves stays. */
export const EMPTIED: ProvisionedInput = { givenName: null, familyName: null, middleName: null }

/** Entra sends "True" and "False". */
export function booleanOf(value: unknown): unknown {
  const said = Array.isArray(value) && value.length === 1 ? (value[0] as { value?: unknown })?.value : value
  if (typeof said !== 'string') return said
  const text = said.trim().toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : said
}

/** Some attributes hold one text; Okta wraps one now and then. */
const textOf = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value)

/** The address of a person: the primary one, else the one at work, else the first. @throws AppError invalidValue (400) */
function emailOf(library: Library, value: unknown): string {
  const list = (Array.isArray(value) ? value : [value]).map((each) => {
    if (typeof each === 'string') return { value: each }
    if (typeof each !== 'object' || each === null) return {}
    const { value: address, type, primary } = each as Record<string, unknown>
    return {
      ...(address !== undefined && { value: address }),
      ...(typeof type === 'string' && ['work', 'home', 'other'].includes(type) && { type }),
      ...(primary !== undefined && primary !== null && { primary: booleanOf(primary) }),
    }
  })
  const { emails = [] } = library.check('User', { userName: '-', emails: list }) as {
    emails?: { value?: string; type?: string; primary?: boolean }[]
  }
  const chosen =
    emails.find(({ primary }) => primary) ?? emails.find(({ type }) => type === 'work') ?? emails[0]
  if (chosen?.value === undefined) throw scimError(400, 'A user has an email address.', 'invalidValue')
  return chosen.value
}

/** The filters that mean the one address that is kept. */
const OURS = /^(type\s+eq\s+"work"|primary\s+eq\s+"?true"?)$/i

/** Adds one operation to what is to be changed. @throws AppError invalidPath, invalidValue, mutability (400) */
export function applyTo(changes: UserChanges, library: Library, operation: PatchOperation): void {
  const { op, value } = operation
  const { extension, attribute, filter, sub } = partsOf(operation.path ?? '')
  if (extension) return
  if (!library.knows('User', attribute)) throw scimError(400, 'This path is not known.', 'invalidPath')
  const name = sub === undefined ? attribute : `${attribute}.${sub}`
  if (attribute === 'id' || attribute === 'groups') {
    if (op === 'replace' || op === 'add') return
    throw scimError(400, `${attribute} is read only.`, 'mutability')
  }
  if (attribute === 'externalid') changes.externalId = op === 'remove' ? null : externalIdOf(textOf(value))
  else if (attribute === 'active') {
    if (op === 'remove') throw scimError(400, 'active is true or false.', 'invalidValue')
    changes.account.active = booleanOf(value)
  } else if (attribute === 'username') {
    if (op === 'remove') throw scimError(400, 'userName is required.', 'invalidValue')
    changes.account.username = textOf(value)
  } else if (attribute === 'emails') {
    if (filter !== undefined && !OURS.test(filter)) return
    if (sub !== undefined && sub !== 'value') return
    if (op === 'remove') throw scimError(400, 'A user has an email address.', 'invalidValue')
    changes.account.email = emailOf(library, value)
  } else if (attribute === 'name' && sub === undefined) {
    if (op === 'remove' || value === null) Object.assign(changes.account, EMPTIED)
    else if (typeof value !== 'object' || Array.isArray(value))
      throw scimError(400, 'name is an object.', 'invalidValue')
    else
      for (const [part, each] of Object.entries(value as object))
        if (/^[A-Za-z]+$/.test(part)) applyTo(changes, library, { op, path: `name.${part}`, value: each })
  } else if (Object.hasOwn(TEXTS, name)) {
    const property = TEXTS[name] as (typeof TEXTS)[string]
    changes.account[property] = op === 'remove' ? null : textOf(value)
  }
}

const isText = (value: unknown): boolean => value === null || value === undefined || typeof value === 'string'

/** That what was said has the types of the schema. @throws AppError invalidValue (400) */
export function checkTypes(library: Library, { account }: UserChanges): void {
  const { username = '-', active, email: _, ...texts } = account
  library.check('User', { userName: username, ...(active !== undefined && { active }) })
  const wrong = Object.entries(texts).find(([, value]) => !isText(value))
  if (wrong) throw scimError(400, `${wrong[0]} is text.`, 'invalidValue')
}

/** Raised by each change of the account, and another one with another externalId. */
export const versionOf = (account: Pick<Account, 'updatedAt'>, externalId: string | undefined): string =>
  `W/"${account.updatedAt}${externalId === undefined ? '' : `-${hash('sha256', externalId, 'hex').slice(0, 12)}`}"`

/** An account as a directory sees it. */
export function userOf(
  account: Account,
  {
    base,
    externalId,
    groups,
  }: { base: string; externalId: string | undefined; groups: readonly { id: string; name: string }[] },
): ScimResource {
  const { email, givenName, familyName, middleName } = account
  const formatted = [givenName, middleName, familyName].filter(Boolean).join(' ')
  const said = (values: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== ''))
  const name = said({ formatted, givenName, familyName, middleName })
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    id: account.id,
    ...(externalId !== undefined && { externalId }),
    userName: account.displayUsername,
    ...(Object.keys(name).length > 0 && { name }),
    ...said({
      displayName: formatted,
      nickName: account.nickname,
      locale: account.locale,
      timezone: account.zoneinfo,
    }),
    active: account.disabledAt === null,
    ...(email !== null && { emails: [{ value: email, type: 'work', primary: true }] }),
    ...(groups.length > 0 && {
      groups: groups.map(({ id, name: display }) => ({
        value: id,
        $ref: `${base}/Groups/${id}`,
        display,
        type: 'direct',
      })),
    }),
    meta: {
      resourceType: 'User',
      created: new Date(account.createdAt).toISOString(),
      lastModified: new Date(account.updatedAt).toISOString(),
      location: `${base}/Users/${account.id}`,
      version: versionOf(account, externalId),
    },
  }
}
