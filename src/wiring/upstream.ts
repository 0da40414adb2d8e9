import type { UpstreamSignIns } from '../accounts/pages/dependencies.ts'
import { createEndedUpstream } from '../federation/ended.ts'
import { problemText } from '../federation/login/problems.ts'
import type { Services } from '../services.ts'
import { dayOf } from '../shared/moment.ts'

const known = (fields: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

/** Signing in elsewhere, as the pages of sign-in, registration and account show it. */
export function upstreamSignIns({
  accounts,
  artifacts,
  clock,
  providers: { enabled: providers },
}: Services): UpstreamSignIns {
  const ends = createEndedUpstream({ artifacts, clock })
  return {
    async buttons({ flow, returnTo, invitation, again = false }) {
      const fields = known({ flow, return_to: returnTo, invitation, again: again ? '1' : undefined })
      return (await providers.list()).map(({ id, name, kind }) => ({
        name,
        icon: kind,
        action: `/login/${id}`,
        fields,
      }))
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

    async waysIn(accountId) {
      const [{ password, identities }, on] = await Promise.all([
        accounts.linked.waysIn(accountId),
        providers.list(),
      ])
      const usable = identities.filter(({ provider }) => on.some(({ id }) => id === provider))
      const linked = identities.map(({ id, provider, label, createdAt }) => {
        const others = usable.some((other) => other.id !== id)
        const enabled = on.find((each) => each.id === provider)
        const since = dayOf(createdAt)
        return {
          name: enabled?.name ?? provider,
          icon: enabled?.kind,
          off: enabled === undefined,
          detail: label === null ? `Linked on ${since}` : `${label} · linked on ${since}`,
          remove: password || others ? { action: '/account/unlink', fields: { id } } : undefined,
        }
      })
      const linkable = on
        .filter(({ id }) => !identities.some(({ provider }) => provider === id))
        .map(({ id, name, kind }) => ({ name, icon: kind, action: `/account/links/${id}` }))
      return { password, linked, linkable }
    },
  }
}
