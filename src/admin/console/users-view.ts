import type { ButtonForm } from '../../http/pages.ts'
import type { Account } from '../account.ts'
import type { ConsoleFrame } from './context.ts'
import type { PersonField } from './person-form.ts'

declare module '../../http/pages.ts' {
  interface Pages {
    'admin/users': {
      frame: ConsoleFrame
      search: string
      role: string
      users: {
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
    'admin/users-new': { frame: ConsoleFrame; form: Form; more: readonly PersonField[] }
    'admin/users-one': {
      frame: ConsoleFrame
      title: string
      facts: [name: string, value: string][]
      tags: Tag[]
      alert?: string | undefined
      edit: Form & { version: string }
      more: readonly PersonField[]
      acts: { label: string; form: ButtonForm; about: string }[]
      password: boolean
      identities: { name: string; detail: string }[]
      devices: { device: string; detail: string }[]
      apps: { href: string; name: string; scopes: string }[]
      history: { when: string; what: string; by: string; href: string }[]
      remove?: Form | undefined
    }
  }
}

export interface Tag {
  text: string
  bad?: boolean
}

const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

/** A time for people, in UTC; a dash for never. */
export const when = (time: number | null): string => (time === null ? '–' : `${moment.format(time)} UTC`)

/** What is worth knowing of an account at a glance. @param now milliseconds since the epoch */
export function tagsOf(user: Account, now: number): Tag[] {
  return [
    user.role !== 'user' && { text: user.role === 'admin' ? 'Administrator' : 'Auditor' },
    user.disabledAt !== null && { text: 'Disabled', bad: true },
    user.lockedUntil !== null && user.lockedUntil > now && { text: 'Locked', bad: true },
    user.email === null && { text: 'Address not verified' },
  ].filter((tag) => tag !== false)
}

export const factsOf = (user: Account): [string, string][] => [
  ['Username', user.displayUsername],
  ['Email', user.email ?? 'none verified'],
  ...(user.pendingEmail === null ? [] : [['Waits to be verified', user.pendingEmail] as [string, string]]),
  ['Id (sub)', user.id],
  ['Made', when(user.createdAt)],
  ['Last sign-in', when(user.lastSignInAt)],
]

/** What can be done to an account, each with a word on what it means. */
export function actsOf(user: Account, now: number) {
  const act = (name: string): ButtonForm => ({ action: `/admin/users/${user.id}/${name}` })
  const locked = user.lockedUntil !== null && user.lockedUntil > now
  return [
    locked && {
      label: 'Unlock',
      form: act('unlock'),
      about: 'Ends the lock after too many wrong passwords.',
    },
    user.disabledAt === null && {
      label: 'Send reset link',
      form: act('send-reset'),
      about: 'A message with a link to set a password. You see neither.',
    },
    user.disabledAt === null && {
      label: 'Sign out everywhere',
      form: act('end-sessions'),
      about: 'Ends every session and token. They may sign in again.',
    },
    user.disabledAt === null
      ? {
          label: 'Disable',
          form: act('disable'),
          about: 'Nobody signs in to it, and every session and token ends, until it is enabled again.',
        }
      : { label: 'Enable', form: act('enable'), about: 'They may sign in again.' },
  ].filter((each) => each !== false)
}
