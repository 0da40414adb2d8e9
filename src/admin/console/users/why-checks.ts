// Why a person cannot sign in: what stands in their way, in the order in which a sign-in meets it. Each check is of what is stored
// at this moment; nothing is tried.
import type { Account } from '../../../accounts/account.ts'
import type { ClientView } from '../../../clients/view.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { t } from '../../../shared/locales/texts.ts'
import { mayComeBy } from '../../../shared/managed-provider.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import { requirementOf, type SecondFactorSetting } from '../../../shared/second-factor-rule.ts'
import { type LockCause, lockWords } from './lock-cause.ts'

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
  providers: readonly { id: string; name: string; disabled: boolean; managed?: true }[]
  /** Of a lock that is on. */
  lockCause: LockCause
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

type Rule = (facts: WhyFacts, act: (name: string, label: string) => Mend) => Check

const state: Rule = ({ user, leaving }, act) => {
  const label = t('admin.users.account')
  if (leaving && user.deletionAt !== null)
    return {
      label,
      state: 'stops',
      text: t('admin.users.why.leaving', { day: dayOf(user.deletionAt) }),
    }
  if (user.disabledAt === null) return { label, state: 'fine', text: t('admin.users.why.on') }
  return {
    label,
    state: 'stops',
    text: t('admin.users.banner.disabled', { time: minuteOf(user.disabledAt) }),
    mend: act('enable', t('admin.common.enable')),
  }
}

const address: Rule = ({ user, now }, act) => {
  const label = t('register.email')
  if (user.email !== null)
    return { label, state: 'fine', text: t('admin.users.why.verified', { email: user.email }) }
  const waits = user.pendingEmail ?? t('admin.users.why.an_address')
  if (user.invitedUntil !== null)
    return {
      label,
      state: 'stops',
      text:
        user.invitedUntil > now
          ? t('admin.users.why.invited', { address: waits, until: minuteOf(user.invitedUntil) })
          : t('admin.users.why.invitation_expired', { address: waits, time: minuteOf(user.invitedUntil) }),
      mend: act('send-invitation', t('admin.users.act.invite_again')),
    }
  return {
    label,
    state: 'stops',
    text: t('admin.users.why.unverified', { address: waits }),
    ...(user.pendingEmail !== null && { mend: act('send-invitation', t('admin.users.act.invite')) }),
  }
}

const lock: Rule = ({ user, now, lockCause, lockedDevices }, act) => {
  const label = t('admin.users.why.lock')
  const mend = act('unlock', t('admin.users.unlock'))
  if (user.lockedUntil !== null && user.lockedUntil > now)
    return { label, state: 'stops', text: lockWords(user.lockedUntil, lockCause), mend }
  if (lockedDevices > 0)
    return {
      label,
      state: 'stops',
      text: t('admin.users.why.browsers_locked', { count: lockedDevices }),
      mend,
    }
  return { label, state: 'fine', text: t('admin.users.why.not_locked') }
}

const ways: Rule = ({ user, password, identities, providers }, act) => {
  const label = t('admin.users.ways')
  const used = identities.map(
    ({ provider }): WhyFacts['providers'][number] =>
      providers.find(({ id }) => id === provider) ?? { id: provider, name: provider, disabled: true },
  )
  const off = used.filter(({ disabled }) => disabled)
  const administers = user.role !== 'user'
  const closed = used.filter((provider) => provider.disabled || !mayComeBy(provider, { administers }))
  const passkey = user.secondFactors.includes('passkey')
  if (password || passkey) {
    const way = password ? 'password' : 'passkey'
    const text =
      off[0] === undefined
        ? t('admin.users.why.way', { way })
        : t('admin.users.why.way_and_off', { way, provider: off[0].name })
    return { label, state: 'fine', text }
  }
  if (identities.length === 0)
    return {
      label,
      state: 'stops',
      text: t('admin.users.why.no_way'),
      ...(user.email !== null && { mend: act('send-reset', t('admin.users.act.reset')) }),
    }
  const [first] = closed
  if (first !== undefined && closed.length === identities.length)
    return {
      label,
      state: 'stops',
      text: t(first.disabled ? 'admin.users.why.provider_off' : 'admin.users.why.provider_managed', {
        provider: first.name,
      }),
      mend: {
        label: t('admin.users.why.to_provider'),
        href: `/admin/providers/${encodeURIComponent(first.id)}`,
      },
    }
  return { label, state: 'fine', text: t('admin.users.why.linked') }
}

const secondFactor: Rule = ({ user, setting, recovering, app }) => {
  const label = t('admin.users.factor')
  if (recovering)
    return {
      label,
      state: 'asks',
      text: t('admin.users.why.recovering'),
    }
  if (app?.client.second_factor === 'phishing_resistant' && !user.secondFactors.includes('passkey'))
    return {
      label,
      state: 'asks',
      text: t('admin.users.why.wants_passkey', { app: app.client.client_name ?? app.client.client_id }),
    }
  if (user.secondFactors.length > 0)
    return {
      label,
      state: 'asks',
      text: t('admin.users.why.factor_asked'),
      mend: { label: t('admin.users.factors'), href: `/admin/users/${user.id}?section=factors#factors` },
    }
  const required = requirementOf(setting, user) !== undefined || app?.client.second_factor === 'required'
  return required
    ? { label, state: 'asks', text: t('admin.users.why.factor_missing') }
    : { label, state: 'fine', text: t('admin.users.why.factor_none') }
}

const organization: Rule = ({ organizations }) => {
  const label = t('organizations.title')
  const disabled = organizations.find((each) => each.disabled)
  if (disabled === undefined)
    return {
      label,
      state: 'fine',
      text:
        organizations.length === 0
          ? t('admin.users.organizations.none')
          : t('admin.users.why.organizations_on'),
    }
  return {
    label,
    state: 'asks',
    text: t('admin.users.why.organization_off', { organization: disabled.name }),
    mend: { label: t('admin.users.why.to_organization'), href: `/admin/organizations/${disabled.id}` },
  }
}

const access: Rule = ({ app: chosen, user }) => {
  const label = t('admin.users.why.the_app')
  if (chosen === undefined) return { label, state: 'fine', text: t('admin.users.why.app_none') }
  const { client, admits } = chosen
  const app = client.client_name ?? client.client_id
  const href = `/admin/clients/${encodeURIComponent(client.client_id)}`
  if (client.disabled)
    return {
      label,
      state: 'stops',
      text: t('admin.users.why.app_off', { app }),
      mend: { label: t('admin.users.why.to_client'), href },
    }
  if (!admits)
    return {
      label,
      state: 'stops',
      text: t('admin.users.why.app_others', { app, username: user.displayUsername }),
      mend: { label: t('admin.users.why.who_may'), href: `${href}/access` },
    }
  return { label, state: 'fine', text: t('admin.users.why.app_theirs', { app }) }
}

const hook: Rule = ({ hooks }) => {
  const [first] = hooks
  if (first === undefined)
    return { label: t('admin.hooks.title'), state: 'fine', text: t('admin.users.why.no_hook') }
  return {
    label: t('admin.hooks.title'),
    state: 'asks',
    text: t('admin.users.why.hook', { hooks: hooks.map(({ name }) => name).join(', ') }),
    mend: { label: t('admin.users.why.to_hook'), href: `/admin/hooks/${first.id}` },
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
