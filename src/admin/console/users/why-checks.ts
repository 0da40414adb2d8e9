// Why a person cannot sign in: what stands in their way, in the order in which a sign-in meets it. Each check is of what is stored
// at this moment; nothing is tried.
import type { Account } from '../../../accounts/account.ts'
import type { ClientView } from '../../../clients/view.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import { requirementOf, type SecondFactorSetting } from '../../../shared/second-factor-rule.ts'

/** What mends it: a button, or a page. */
export type Mend = { label: string; form: ButtonForm } | { label: string; href: string }

export interface Check {
  label: string
  /** `stops`: they do not get in; `asks`: they get in after something more; `fine`: nothing of it is in their way. */
  state: 'fine' | 'asks' | 'stops'
  text: string
  mend?: Mend | undefined
}

/** What is known of a person and what they sign in with. Times are milliseconds since the epoch. */
export interface WhyFacts {
  user: Account
  now: number
  /** Waits to be deleted, as its owner wished. */
  leaving: boolean
  password: boolean
  identities: readonly { provider: string }[]
  providers: readonly { id: string; name: string; disabled: boolean }[]
  /** Where the lock came from. */
  lockedFrom?: string | undefined
  /** A browser of theirs that is locked by itself. */
  lockedDevices: number
  setting: SecondFactorSetting
  /** A removal of all second factors waits. */
  recovering: boolean
  organizations: readonly { id: string; name: string; disabled: boolean }[]
  /** The hooks that are asked before a sign-in. */
  hooks: readonly { id: string; name: string }[]
  /** The app that they want to get into; undefined: none is chosen. */
  app?: { client: ClientView; admits: boolean } | undefined
}

/** From this year on a lock is for good (src/accounts/lockout/store.ts). */
const FOR_GOOD = Date.UTC(9998, 0)

/** The words for a lock that is on, wherever it is told. */
export function lockWords(lockedUntil: number, from: string | undefined): string {
  const origin = from === undefined ? '' : `, the last from ${from}`
  return lockedUntil > FOR_GOOD
    ? `Locked until a new password is set, after a hundred wrong passwords in a row${origin}.`
    : `Locked until ${minuteOf(lockedUntil)} after too many wrong passwords${origin}.`
}

type Rule = (facts: WhyFacts, act: (name: string, label: string) => Mend) => Check

const state: Rule = ({ user, leaving }, act) => {
  const label = 'Account'
  if (leaving && user.deletionAt !== null)
    return {
      label,
      state: 'stops',
      text: `They asked to delete it, and it goes on ${dayOf(user.deletionAt)}. Signing in, they are offered to keep it.`,
    }
  if (user.disabledAt === null) return { label, state: 'fine', text: 'Is on.' }
  return {
    label,
    state: 'stops',
    text: `Disabled on ${minuteOf(user.disabledAt)}: nobody signs in to it.`,
    mend: act('enable', 'Enable'),
  }
}

const address: Rule = ({ user, now }, act) => {
  const label = 'Email'
  if (user.email !== null) return { label, state: 'fine', text: `${user.email} is verified.` }
  const waits = user.pendingEmail ?? 'an address'
  if (user.invitedUntil !== null)
    return {
      label,
      state: 'stops',
      text:
        user.invitedUntil > now
          ? `Invited at ${waits}, and has not followed the link yet. It is good until ${minuteOf(user.invitedUntil)}.`
          : `The invitation at ${waits} expired on ${minuteOf(user.invitedUntil)}.`,
      mend: act('send-invitation', 'Send invitation again'),
    }
  return {
    label,
    state: 'stops',
    text: `Nobody has proven ${waits} yet: they are asked for the code of the message first.`,
    ...(user.pendingEmail !== null && { mend: act('send-invitation', 'Send invitation') }),
  }
}

const lock: Rule = ({ user, now, lockedFrom, lockedDevices }, act) => {
  const label = 'Lock'
  const mend = act('unlock', 'Unlock')
  if (user.lockedUntil !== null && user.lockedUntil > now)
    return { label, state: 'stops', text: lockWords(user.lockedUntil, lockedFrom), mend }
  if (lockedDevices > 0)
    return {
      label,
      state: 'stops',
      text: `${lockedDevices === 1 ? 'A browser' : `${lockedDevices} browsers`} of theirs locked after too many wrong passwords; others are not.`,
      mend,
    }
  return { label, state: 'fine', text: 'Is not locked.' }
}

const ways: Rule = ({ user, password, identities, providers }, act) => {
  const label = 'Ways to sign in'
  const off = identities
    .map(
      ({ provider }) =>
        providers.find(({ id }) => id === provider) ?? { id: provider, name: provider, disabled: true },
    )
    .filter(({ disabled }) => disabled)
  const passkey = user.secondFactors.includes('passkey')
  if (password || passkey) {
    const also = off[0] && ` ${off[0].name}, which they have used too, is switched off.`
    return {
      label,
      state: 'fine',
      text: `${password ? 'A password is set.' : 'A passkey is set up.'}${also ?? ''}`,
    }
  }
  if (identities.length === 0)
    return {
      label,
      state: 'stops',
      text: 'There is no password, no passkey and no linked sign-in.',
      ...(user.email !== null && { mend: act('send-reset', 'Send reset link') }),
    }
  const [first] = off
  if (first !== undefined && off.length === identities.length)
    return {
      label,
      state: 'stops',
      text: `They sign in with ${first.name}, which is switched off or gone, and have no password.`,
      mend: { label: 'To its page', href: `/admin/providers/${encodeURIComponent(first.id)}` },
    }
  return { label, state: 'fine', text: 'They have no password: they sign in with their linked sign-in.' }
}

const secondFactor: Rule = ({ user, setting, recovering, app }) => {
  const label = 'Second factor'
  if (recovering)
    return {
      label,
      state: 'asks',
      text: 'The removal of their second factors waits; until then they are asked for one.',
    }
  if (app?.client.second_factor === 'phishing_resistant' && !user.secondFactors.includes('passkey'))
    return {
      label,
      state: 'asks',
      text: `${app.client.client_name} wants a passkey, and they have none: they have to set one up.`,
    }
  if (user.secondFactors.length > 0)
    return {
      label,
      state: 'asks',
      text: 'They are asked for one. If all of them are lost, start a recovery on their page.',
      mend: { label: 'Second factors', href: `/admin/users/${user.id}#factors-heading` },
    }
  const required = requirementOf(setting, user) !== undefined || app?.client.second_factor === 'required'
  return required
    ? { label, state: 'asks', text: 'One is required, and none is set up: their next sign-in asks them to.' }
    : { label, state: 'fine', text: 'None is set up, and none is required.' }
}

const organization: Rule = ({ organizations }) => {
  const label = 'Organizations'
  const disabled = organizations.find((each) => each.disabled)
  if (disabled === undefined)
    return {
      label,
      state: 'fine',
      text: organizations.length === 0 ? 'A member of none.' : 'None of theirs is disabled.',
    }
  return {
    label,
    state: 'asks',
    text: `${disabled.name} is disabled: nobody signs in for it. Without it, or for another one, they do.`,
    mend: { label: 'To the organization', href: `/admin/organizations/${disabled.id}` },
  }
}

const access: Rule = ({ app, user }) => {
  const label = 'The app'
  if (app === undefined)
    return { label, state: 'fine', text: 'None is chosen. Choose one above to see whether it is for them.' }
  const { client, admits } = app
  const href = `/admin/clients/${encodeURIComponent(client.client_id)}`
  if (client.disabled)
    return {
      label,
      state: 'stops',
      text: `${client.client_name} is disabled: nobody gets in.`,
      mend: { label: 'To the client', href },
    }
  if (!admits)
    return {
      label,
      state: 'stops',
      text: `${client.client_name} is only for some groups or roles, and ${user.displayUsername} has none of them.`,
      mend: { label: 'Who may use it', href: `${href}/access` },
    }
  return { label, state: 'fine', text: `${client.client_name} is for them.` }
}

const hook: Rule = ({ hooks }) => {
  const [first] = hooks
  if (first === undefined) return { label: 'Hooks', state: 'fine', text: 'No program is asked.' }
  return {
    label: 'Hooks',
    state: 'asks',
    text: `${hooks.map(({ name }) => name).join(', ')} is asked before they get in, and may refuse.`,
    mend: { label: 'To the hook', href: `/admin/hooks/${first.id}` },
  }
}

/** In the order in which a sign-in meets them. */
const RULES: readonly Rule[] = [state, address, lock, ways, secondFactor, organization, access, hook]

/** Everything that was looked at; the first that stops says why they cannot sign in. */
export function checksOf(facts: WhyFacts): Check[] {
  const act = (name: string, label: string): Mend => ({
    label,
    form: { action: `/admin/users/${facts.user.id}/${name}` },
  })
  return RULES.map((rule) => rule(facts, act))
}
