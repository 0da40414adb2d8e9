import type { Account } from '../../../accounts/account.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { t } from '../../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import type { FormField } from '../../../shared/profile/fields.ts'
import type { PersonAccess } from '../access/person.ts'
import type { Held } from '../access/view.ts'
import type { BulkButton } from '../bulk.ts'
import type { CountChip } from '../count-chips.ts'
import type { DrawnField } from '../fields.ts'
import type { ConsoleFrame } from '../frame.ts'
import type { SortLink } from '../sorting.ts'
import type { UserAttributesSection } from './attributes.ts'
import type { UserFactorsSection } from './factors.ts'
import type { HistoryLine } from './history.ts'
import { type LockCause, lockWords } from './lock-cause.ts'
import type { ShownDevice } from './sessions.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/users': {
      frame: ConsoleFrame
      search: string
      role: string
      roles: { value: string; label: string }[]
      /** Undefined: not for who looks. */
      second_factor: string | undefined
      state: string
      /** Filters as links, with how many each finds. */
      chips: CountChip[]
      /** Whose attribute has this value. */
      attribute: string
      value: string
      /** To choose from. */
      attributes: { value: string; label: string }[]
      /** What is found, as a file; undefined: not for who looks. */
      csv: { href: string; label: string } | undefined
      /** What can be done to several at once. */
      bulk: BulkButton[]
      users: {
        id: string
        href: string
        name: string
        username: string
        email: string
        tags: Tag[]
        /** Milliseconds since the epoch. */
        createdAt: number
        lastSignInAt: number | null
      }[]
      columns: Record<'name' | 'created' | 'signedIn', SortLink>
      /** What the list is sorted by, unless as usual. */
      sort: string | undefined
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
      /** Which parts are unfolded, by their anchors. */
      open: readonly string[]
      /** Only what concerns one organization is shown. */
      limited: boolean
      factors: UserFactorsSection
      password: boolean
      identities: { name: string; detail: string }[]
      devices: ShownDevice[]
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
 * @param lockCause of a lock that is on
 */
export function bannersOf(user: Account, lockCause: LockCause | undefined): Banner[] {
  const action = (name: 'unlock' | 'enable') => ({ form: { action: `/admin/users/${user.id}/${name}` } })
  return [
    lockCause !== undefined &&
      user.lockedUntil !== null && {
        text: lockWords(user.lockedUntil, lockCause),
        label: t('admin.users.unlock'),
        ...action('unlock'),
      },
    user.disabledAt !== null && {
      text: t(isInvited(user) ? 'admin.users.banner.disabled_invited' : 'admin.users.banner.disabled', {
        time: minuteOf(user.disabledAt),
      }),
      label: t('admin.common.enable'),
      ...action('enable'),
    },
  ].filter((banner) => banner !== false)
}

/** What is worth knowing of an account at a glance. @param now milliseconds since the epoch */
export function tagsOf(user: Account, now: number, nameOf: (role: string) => string): Tag[] {
  return [
    user.role !== 'user' && { text: roleTag(user.role, nameOf) },
    user.disabledAt !== null && { text: t('admin.common.disabled'), bad: true },
    user.deletionAt !== null && {
      text: t('admin.users.tag.deletion', { day: dayOf(user.deletionAt) }),
      bad: true,
    },
    user.lockedUntil !== null && user.lockedUntil > now && { text: t('admin.users.tag.locked'), bad: true },
    user.email === null && waitingTag(user, now),
  ].filter((tag) => tag !== false)
}

const roleTag = (role: string, nameOf: (role: string) => string): string => {
  if (role === 'admin') return t('admin.users.tag.admin')
  return role === 'auditor' ? t('admin.users.tag.auditor') : t('admin.users.tag.role', { name: nameOf(role) })
}

const waitingTag = ({ invitedUntil }: Account, now: number): Tag => {
  if (invitedUntil === null) return { text: t('admin.users.tag.unverified') }
  return invitedUntil > now
    ? { text: t('admin.users.tag.invited') }
    : { text: t('admin.users.tag.invitation_expired'), bad: true }
}

export const detailsOf = (user: Account): [string, string][] => [
  [t('register.username'), user.displayUsername],
  [t('register.email'), user.email ?? t('admin.users.email.none')],
  ...(user.pendingEmail === null
    ? []
    : [[t('admin.users.email.pending'), user.pendingEmail] as [string, string]]),
  ...(user.email !== null || user.invitedUntil === null
    ? []
    : [
        [
          t('admin.users.invitation'),
          t('admin.users.invitation.until', { time: when(user.invitedUntil) }),
        ] as [string, string],
      ]),
  [t('admin.users.sub'), user.id],
  [t('admin.common.created'), when(user.createdAt)],
  [
    t('admin.users.last_sign_in'),
    user.lastSignInAt === null ? t('admin.common.never') : when(user.lastSignInAt),
  ],
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
      label: user.invitedUntil === null ? t('admin.users.act.invite') : t('admin.users.act.invite_again'),
      ...action('send-invitation'),
      about: t('admin.users.act.invite.about'),
    },
    isInvited(user) && {
      label: t('admin.users.act.withdraw'),
      ...action('withdraw-invitation'),
      about: t('admin.users.act.withdraw.about'),
    },
    user.disabledAt === null &&
      user.invitedUntil === null && {
        label: t('admin.users.act.reset'),
        ...action('send-reset'),
        about: t('admin.users.act.reset.about'),
      },
    user.disabledAt === null && {
      label: t('admin.users.act.end_sessions'),
      ...action('end-sessions'),
      about: t('admin.users.act.end_sessions.about'),
    },
    user.disabledAt === null && {
      label: t('admin.common.disable'),
      ...action('disable'),
      about: t('admin.users.act.disable.about'),
    },
  ].filter((each) => each !== false)
}
