import type { Account } from '../../../accounts/account.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import type { FormField } from '../../../shared/profile/fields.ts'
import type { PersonAccess } from '../access/person.ts'
import type { Held } from '../access/view.ts'
import type { ConsoleFrame } from '../context.ts'
import type { DrawnField } from '../fields.ts'
import type { UserAttributesSection } from './attributes.ts'
import type { UserFactorsSection } from './factors.ts'
import type { HistoryLine } from './history.ts'
import { lockWords } from './why-checks.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/users': {
      frame: ConsoleFrame
      search: string
      role: string
      roles: { value: string; label: string }[]
      second_factor: string
      /** Whose attribute has this value. */
      attribute: string
      value: string
      /** To choose from. */
      attributes: { value: string; label: string }[]
      /** What is found, as a file; undefined: not for who looks. */
      csv: string | undefined
      /** What can be done to several at once. */
      bulk: { label: string; action: string }[]
      users: {
        id: string
        href: string
        name: string
        username: string
        email: string
        tags: Tag[]
        lastSignIn: string
      }[]
      first?: string | undefined
      next?: string | undefined
    }
    'admin/users-new': {
      frame: ConsoleFrame
      form: Form
      names: readonly FormField[]
      more: readonly FormField[]
      attributes: DrawnField[]
      /** To choose from; undefined: none is to be given. */
      roles: { value: string; label: string }[] | undefined
    }
    'admin/users-one': {
      frame: ConsoleFrame
      title: string
      base: string
      details: [name: string, value: string][]
      tags: Tag[]
      /** Why the account cannot sign in as it is, each with what ends it. */
      banners: Banner[]
      alert?: string | undefined
      edit: Form & { version: string }
      attributes: UserAttributesSection
      /** What they are a member of. */
      organizations: Held[]
      names: readonly FormField[]
      more: readonly FormField[]
      actions: { label: string; form: ButtonForm; about: string }[]
      /** To choose from; undefined: none is to be given. */
      roles: { value: string; label: string }[] | undefined
      /** Where to sign in as them; undefined: it cannot be done. */
      impersonate?: string | undefined
      access: PersonAccess
      /** Only what concerns one organization is shown. */
      limited: boolean
      factors: UserFactorsSection
      password: boolean
      identities: { name: string; detail: string }[]
      devices: { device: string; detail: string; lastActive?: string | undefined }[]
      apps: { href: string; name: string; scopes: string }[]
      history: HistoryLine[]
      remove?: Form | undefined
    }
  }
}

export interface Tag {
  text: string
  bad?: boolean
}

/** A time for people, in UTC; a dash for never. */
export const when = (time: number | null): string => (time === null ? '–' : minuteOf(time))

export interface Banner {
  text: string
  label: string
  form: ButtonForm
}

/**
 * What keeps an account from signing in, in a sentence, with the act that ends it.
 * @param now milliseconds since the epoch @param lockedFrom the address that the lock came from
 */
export function bannersOf(user: Account, now: number, lockedFrom: string | undefined): Banner[] {
  const action = (name: 'unlock' | 'enable') => ({ form: { action: `/admin/users/${user.id}/${name}` } })
  return [
    user.lockedUntil !== null &&
      user.lockedUntil > now && {
        text: lockWords(user.lockedUntil, lockedFrom),
        label: 'Unlock',
        ...action('unlock'),
      },
    user.disabledAt !== null && {
      text: `Disabled on ${minuteOf(user.disabledAt)}: nobody signs in to it.${isInvited(user) ? ' Once enabled, the link of the invitation works again, until it expires.' : ''}`,
      label: 'Enable',
      ...action('enable'),
    },
  ].filter((banner) => banner !== false)
}

/** What is worth knowing of an account at a glance. @param now milliseconds since the epoch */
export function tagsOf(user: Account, now: number, nameOf: (role: string) => string): Tag[] {
  return [
    user.role !== 'user' && { text: roleTag(user.role, nameOf) },
    user.disabledAt !== null && { text: 'Disabled', bad: true },
    user.deletionAt !== null && { text: `To be deleted on ${dayOf(user.deletionAt)}`, bad: true },
    user.lockedUntil !== null && user.lockedUntil > now && { text: 'Locked', bad: true },
    user.email === null && waitingTag(user, now),
  ].filter((tag) => tag !== false)
}

const roleTag = (role: string, nameOf: (role: string) => string): string => {
  if (role === 'admin') return 'Administrator'
  return role === 'auditor' ? 'Auditor' : `Role: ${nameOf(role)}`
}

const waitingTag = ({ invitedUntil }: Account, now: number): Tag => {
  if (invitedUntil === null) return { text: 'Address not verified' }
  return invitedUntil > now ? { text: 'Invited' } : { text: 'Invitation expired', bad: true }
}

export const detailsOf = (user: Account): [string, string][] => [
  ['Username', user.displayUsername],
  ['Email', user.email ?? 'none verified'],
  ...(user.pendingEmail === null ? [] : [['Waits to be verified', user.pendingEmail] as [string, string]]),
  ...(user.email !== null || user.invitedUntil === null
    ? []
    : [['Invitation', `good until ${when(user.invitedUntil)}`] as [string, string]]),
  ['ID (sub)', user.id],
  ['Created', when(user.createdAt)],
  ['Last sign-in', when(user.lastSignInAt)],
]

const isInvited = ({ email, invitedUntil }: Account): boolean => email === null && invitedUntil !== null

const isInvitable = ({ email, pendingEmail, disabledAt }: Account): boolean =>
  email === null && pendingEmail !== null && disabledAt === null

type Verb = 'send-invitation' | 'withdraw-invitation' | 'send-reset' | 'end-sessions' | 'disable'

/** What can be done to an account, each with a word on what it means. */
export function actionsOf(user: Account) {
  const action = (name: Verb) => ({ form: { action: `/admin/users/${user.id}/${name}` } })
  return [
    isInvitable(user) && {
      label: user.invitedUntil === null ? 'Send invitation' : 'Send invitation again',
      ...action('send-invitation'),
      about: 'A message by which they prove the address and set a password. An earlier link works no more.',
    },
    isInvited(user) && {
      label: 'Withdraw invitation',
      ...action('withdraw-invitation'),
      about: 'Its link works no more. An account that was never used is deleted.',
    },
    user.disabledAt === null &&
      user.invitedUntil === null && {
        label: 'Send reset link',
        ...action('send-reset'),
        about: 'A message with a link to set a password. You see neither.',
      },
    user.disabledAt === null && {
      label: 'Sign out everywhere',
      ...action('end-sessions'),
      about: 'Ends every session and token. They may sign in again.',
    },
    user.disabledAt === null && {
      label: 'Disable',
      ...action('disable'),
      about: 'Nobody signs in to it, and every session and token ends, until it is enabled again.',
    },
  ].filter((each) => each !== false)
}
