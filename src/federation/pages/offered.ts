import type { LinkedSignIns } from '../../accounts/linked/linked-sign-ins.ts'
import type { LinkedSignInView, ProviderButton } from '../../http/pages/pages.ts'
import type { Clock } from '../../shared/clock.ts'
import { t } from '../../shared/locales/texts.ts'
import { dayOf } from '../../shared/moment.ts'
import type { UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { createEndedUpstream } from '../ended.ts'
import { problemText } from '../login/problems.ts'
import { type EnabledProviders, openTo } from '../providers/provider.ts'

/** Sign-in providers, as the pages of sign-in, registration and account show them. */
export interface OfferedProviders {
  /** Buttons “Continue with …”. */
  buttons(where: {
    /** The interaction to come back to. */
    interaction?: string | undefined
    returnTo?: string | undefined
    /** The token of an invitation that this accepts. */
    invitation?: string | undefined
    /** The person is signed in, and has to prove themselves once more. */
    again?: boolean
  }): Promise<ProviderButton[]>
  /** The button of one provider, whosever it is. */
  button(
    to: { provider: string; name: string; kind: string },
    where: { interaction?: string | undefined; returnTo?: string | undefined; again?: boolean },
  ): ProviderButton
  /** How an account signs in: whether by a password, and the buttons of the providers that it is linked to. */
  waysOf(
    accountId: string,
    where: { interaction?: string | undefined; returnTo?: string | undefined; again?: boolean },
  ): Promise<{ password: boolean; providers: ProviderButton[] }>
  /** The sentence for the `problem` that a sign-in at a provider came back with, from the query of a page. */
  problem(query: unknown): Promise<string | undefined>
  /** Whether the provider has ended the sign-in of a person who still has to prove their address. @param who.at milliseconds */
  hasEnded(who: { upstream?: UpstreamSession | undefined; at: number }): Promise<boolean>
  /** What signs an account in: whether it has a password, the identities linked to it, the providers that may be linked. */
  signInMethods(
    accountId: string,
  ): Promise<{ password: boolean; linked: LinkedSignInView[]; linkable: ProviderButton[] }>
}

/** The fields that have a value. */
const known = (fields: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

const buttonTo = (
  { provider, name, kind }: { provider: string; name: string; kind: string },
  fields: Record<string, string>,
): ProviderButton => ({ name, icon: kind, action: `/login/${provider}`, fields })

export function createOfferedProviders(deps: {
  providers: EnabledProviders
  artifacts: Pick<ArtifactStore, 'upsert' | 'find'>
  clock: Clock
  signInMethods: LinkedSignIns['signInMethods']
}): OfferedProviders {
  const { providers } = deps
  const ends = createEndedUpstream(deps)
  /** With the providers that are switched on, and of these those that sign the account in. */
  const waysIn = async (accountId: string) => {
    const [ways, all] = await Promise.all([deps.signInMethods(accountId), providers.list()])
    return { ...ways, all, enabled: openTo(ways, all) }
  }
  return {
    async buttons({ interaction, returnTo, invitation, again = false }) {
      const fields = known({
        flow: interaction,
        return_to: returnTo,
        invitation,
        again: again ? '1' : undefined,
      })
      return (await providers.list())
        .filter(({ organizationId }) => organizationId === null)
        .map(({ id, name, kind }) => buttonTo({ provider: id, name, kind }, fields))
    },

    button: (to, { interaction, returnTo, again = false }) =>
      buttonTo(to, known({ flow: interaction, return_to: returnTo, again: again ? '1' : undefined })),

    async waysOf(accountId, { interaction, returnTo, again = false }) {
      const { password, identities, enabled } = await waysIn(accountId)
      const fields = known({ flow: interaction, return_to: returnTo, again: again ? '1' : undefined })
      const linked = enabled.filter(({ id }) => identities.some(({ provider }) => provider === id))
      return {
        password,
        providers: linked.map(({ id, name, kind }) => buttonTo({ provider: id, name, kind }, fields)),
      }
    },

    async problem(query) {
      const { problem, provider } = (query ?? {}) as { problem?: unknown; provider?: unknown }
      if (problem === undefined) return undefined
      const named =
        typeof provider === 'string' ? (await providers.list()).find(({ id }) => id === provider) : undefined
      return problemText(problem, named?.name)
    },

    async hasEnded({ upstream, at }) {
      return upstream !== undefined && ends.hasEnded(upstream, at)
    },

    async signInMethods(accountId) {
      const { password, identities, all, enabled } = await waysIn(accountId)
      const usable = identities.filter(({ provider }) => enabled.some(({ id }) => id === provider))
      const linked = identities.map(({ id, provider, label, createdAt }) => {
        const others = usable.some((other) => other.id !== id)
        const at = all.find((each) => each.id === provider)
        const day = dayOf(createdAt)
        return {
          name: at?.name ?? provider,
          icon: at?.kind,
          off: at === undefined,
          detail:
            label === null ? t('security.linked.since', { day }) : t('security.linked.as', { label, day }),
          remove: password || others ? { action: '/account/unlink', fields: { id } } : undefined,
        }
      })
      const linkable = enabled
        .filter(
          ({ id, organizationId }) =>
            organizationId === null && !identities.some(({ provider }) => provider === id),
        )
        .map(({ id, name, kind }) => ({ name, icon: kind, action: `/account/links/${id}` }))
      return { password, linked, linkable }
    },
  }
}
