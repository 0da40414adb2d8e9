import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Http } from '../../http/http.ts'
import type { Clock } from '../../shared/clock.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Account } from '../account.ts'

/**
 * What a browser remembers between the pages of registering, verifying and resetting, in sealed cookies:
 *
 *   pending     who has just signed in, and still has to verify an email address
 *   flow        which interaction (an app's sign-in) to come back to
 *   leaving     who has just signed in to an account that waits to be deleted, and may keep it
 *   invitation  which invitation is being accepted, for the way back from a provider
 *
 * None is a sign-in. All end after an hour, like the interaction itself. `pending` signs in when the address is proven: once,
 * copies of it included, and not after another sign-in or a sign-out of this browser; that is kept in the artefact store.
 */
const TTL = 3600
const USED = 'UsedPending'

const interactionUid = z.string().regex(/^[\w-]{20,64}$/)
const upstreamSchema = z.object({
  provider: z.string(),
  issuer: z.string(),
  subject: z.string(),
  sid: z.string().optional(),
})

/** As it is sealed: `flow` is the interaction. */
const pendingFields = z.object({
  /** Of the sign-in, whatever copies of the cookie there are. */
  id: z.string(),
  /** When they proved who they are, here or at a provider, in milliseconds since the epoch. */
  at: z.number(),
  accountId: z.string(),
  email: z.string(),
  flow: interactionUid.optional(),
  /** Without it, by password. */
  upstream: upstreamSchema.optional(),
  /** That of the account when they signed in. */
  generation: z.number(),
})
const pendingSchema = pendingFields.transform(
  ({ flow, ...rest }): typeof rest & { interaction?: string | undefined } => ({ ...rest, interaction: flow }),
)
export type Pending = z.infer<typeof pendingSchema>

const leavingSchema = z.object({
  accountId: z.string(),
  /** That of the account when they signed in. */
  generation: z.number(),
  /** What they have shown (RFC 8176). */
  amr: z.array(z.string()),
  interaction: interactionUid.optional(),
})
export type Leaving = z.infer<typeof leavingSchema>

/** As it begins. */
type NewPending = Omit<Pending, 'id' | 'at'> & Partial<Pick<Pending, 'id' | 'at'>>

export interface BrowserState {
  /** Unless it was used, or ended. */
  pending(request: FastifyRequest): Promise<Pending | undefined>
  /** Begins one, now; with `id` and `at` the one that these are of goes on, for no longer than it would have. */
  setPending(reply: FastifyReply, pending: NewPending): void
  /**
   * Begins one, of an account that has just signed in and has to prove its address first. @returns the page where it does
   */
  verifyFirst(
    reply: FastifyReply,
    account: Pick<Account, 'id' | 'generation' | 'pendingEmail'>,
    interaction: string | undefined,
  ): string
  /** Whose account waits to be deleted: they have just signed in, and may keep it. */
  leaving(request: FastifyRequest): Leaving | undefined
  /** @param shown.amr of the sign-in @returns the page that asks them */
  askWhetherToKeep(
    reply: FastifyReply,
    account: Pick<Account, 'id' | 'generation'>,
    shown: { amr: readonly string[]; interaction: string | undefined },
  ): string
  clearLeaving(reply: FastifyReply): void
  /** Takes it from this browser alone. */
  clearPending(reply: FastifyReply): void
  /** Ends it, in every copy. True for the one call that did. */
  endPending(request: FastifyRequest, reply: FastifyReply): Promise<boolean>
  /** The interaction named in the query (`flow`), else the one remembered. */
  interaction(request: FastifyRequest): string | undefined
  /** The interaction that this very browser left for a message. Links in messages name it too, wherever they are opened. */
  ownInteraction(request: FastifyRequest): string | undefined
  rememberInteraction(reply: FastifyReply, interaction: string | undefined): void
  /** The token of the invitation that was opened last. */
  invitation(request: FastifyRequest): string | undefined
  rememberInvitation(reply: FastifyReply, token: string | undefined): void
}

export function createBrowserState({
  cookies,
  sealed,
  artifacts,
  clock,
}: Pick<Http, 'cookies' | 'sealed'> & {
  artifacts: Pick<ArtifactStore, 'insert' | 'find'>
  clock: Clock
}): BrowserState {
  const read = <T>(request: FastifyRequest, name: string, schema: z.ZodType<T>) =>
    sealed.open(name, cookies.read(request, name), schema)
  const ownInteraction = (request: FastifyRequest) =>
    read(request, 'flow', z.object({ flow: interactionUid }))?.flow
  const ends = ({ at }: Pick<Pending, 'at'>) => Math.max(1, Math.floor((at - clock()) / 1000) + TTL)
  const setPending: BrowserState['setPending'] = (
    reply,
    { id = randomBytes(24).toString('base64url'), at = clock(), interaction, ...rest },
  ) => {
    const ttl = ends({ at })
    const sent = { id, at, ...rest, flow: interaction } satisfies z.input<typeof pendingFields>
    cookies.set(reply, 'pending', sealed.seal('pending', sent, ttl), ttl)
  }
  return {
    ownInteraction,
    async pending(request) {
      const pending = read(request, 'pending', pendingSchema)
      return pending && !(await artifacts.find(USED, pending.id)) ? pending : undefined
    },
    setPending,
    verifyFirst(reply, { id: accountId, generation, pendingEmail }, interaction) {
      const email = pendingEmail ?? ''
      setPending(reply, { accountId, generation, email, ...(interaction && { interaction }) })
      return withInteraction('/verify-email', interaction)
    },
    leaving: (request) => read(request, 'leaving', leavingSchema),
    askWhetherToKeep(reply, { id: accountId, generation }, { amr, interaction }) {
      const sent = {
        ...{ accountId, generation, amr: [...amr] },
        ...(interaction && { interaction }),
      } satisfies Leaving
      cookies.set(reply, 'leaving', sealed.seal('leaving', sent, TTL), TTL)
      return '/account/deletion'
    },
    clearLeaving: (reply) => cookies.clear(reply, 'leaving'),
    clearPending: (reply) => cookies.clear(reply, 'pending'),
    async endPending(request, reply) {
      const pending = read(request, 'pending', pendingSchema)
      if (!pending) return false
      cookies.clear(reply, 'pending')
      return artifacts.insert(USED, pending.id, {}, ends(pending))
    },
    interaction(request) {
      const named = interactionUid.safeParse((request.query as { flow?: unknown } | undefined)?.flow)
      return named.success ? named.data : ownInteraction(request)
    },
    invitation: (request) => read(request, 'invitation', z.object({ token: z.string() }))?.token,
    rememberInvitation(reply, token) {
      if (token === undefined) cookies.clear(reply, 'invitation')
      else cookies.set(reply, 'invitation', sealed.seal('invitation', { token }, TTL), TTL)
    },
    rememberInteraction(reply, interaction) {
      if (interaction === undefined) cookies.clear(reply, 'flow')
      else cookies.set(reply, 'flow', sealed.seal('flow', { flow: interaction }, TTL), TTL)
    },
  }
}

/** Adds the interaction to a link of ours, so that it is not lost on the way. */
export const withInteraction = (path: string, interaction: string | undefined): string =>
  interaction === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}flow=${interaction}`

/** Where a person goes once signed in: back into the interaction, or to their account. */
export const onwards = (interaction: string | undefined): string =>
  interaction === undefined ? '/account' : `/interaction/${interaction}`
