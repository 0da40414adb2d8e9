// Over 300 lines: each way on of an interaction reads it, judges whose it is and saves it, by the same five functions.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors, type Interaction, type Provider } from 'oidc-provider'
import { addMethods, reaches } from '../../shared/acr.ts'
import { setActor } from '../../shared/audit-context.ts'
import { setBrand } from '../../shared/branded-by.ts'
import { epochSeconds } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { GatedAccount, SignInGate } from '../../shared/second-factor-rule.ts'
import { ACCESS } from '../app-access/prompt.ts'
import { type Admits, NOT_ADMITTED } from '../app-access/rule.ts'
import type { Consents } from '../consent/consents.ts'
import { DENIED, HOOK } from '../hooks/sign-in.ts'
import { RegistrationChanged } from '../narrowed/interactions.ts'
import { NO_MEMBER, NO_ORGANIZATION } from '../organizations/prompt.ts'
import {
  countingMembership,
  namedOrganization,
  ORGANIZATION,
  type OrganizationReads,
  openTo,
  organizationsOf,
} from '../organizations/standing.ts'
import { pinToIssuer } from '../provider/mount.ts'
import { hintedAccount } from '../provider/policy.ts'
import type { AuditedSessions, SignInEffects } from '../sessions/audited.ts'
import { verifiedAtOf } from '../sessions/details.ts'
import { generationOf } from '../sessions/generations.ts'
import { isAnother, type SignInSession } from '../sessions/sign-in.ts'
import { deviceAsking, missing, promptOf, saidOf, shownClient } from './details.ts'
import type { InteractionDetails, Interactions } from './interaction.ts'
import { MFA } from './second-factor.ts'
import { SELECT_ACCOUNT } from './select-account.ts'

const changed = (cause: RegistrationChanged) =>
  new AppError('registration_changed', 400, message('protocolError.changed'), { cause })

const selects = ({ prompt }: Interaction): boolean => prompt.name === SELECT_ACCOUNT

/** What a client is told of a person who leaves an interaction. */
function reasonOf({ prompt, params }: Interaction): string {
  if (prompt.name === ACCESS) return NOT_ADMITTED
  if (prompt.name === HOOK) return DENIED
  if (prompt.reasons.includes('no_organization')) return NO_ORGANIZATION
  return prompt.name === ORGANIZATION && namedOrganization(params) !== undefined
    ? NO_MEMBER
    : 'the end-user refused the request'
}

const isOver = () => new AppError('interaction_expired', 400, message('protocolError.interactionOver'))

export function createInteractions(deps: {
  issuer: string
  /** Where the codes of devices are entered. */
  devicePath: string
  current(): Provider
  consents: Consents
  /** Undefined when the account, or its sign-ins of a generation, no longer count. */
  findLive(accountId: string, generation: number): Promise<GatedAccount | undefined>
  gate: Pick<SignInGate, 'missing'>
  admits: Admits
  organizations: OrganizationReads
  sessions: Pick<AuditedSessions, 'current' | 'incomplete'>
  effects: SignInEffects
  /** Whether hooks are asked of sign-ins to no app: until they are, a session that began on the way to an app is of no use beside it. */
  asksHooks(): boolean
  /** Speaks the language that an authorization request asks for. */
  speak(request: FastifyRequest, reply: FastifyReply, uid: string, uiLocales: unknown): void
}): Interactions {
  async function find(request: FastifyRequest, reply: FastifyReply): Promise<Interaction> {
    pinToIssuer(request, deps.issuer)
    const { uid } = request.params as { uid: string }
    try {
      const interaction = await deps.current().interactionDetails(request.raw, reply.raw)
      if (interaction.uid === uid) return spoken(request, reply, interaction)
    } catch (error) {
      if (error instanceof RegistrationChanged) throw changed(error)
      if (!(error instanceof errors.SessionNotFound)) throw error
      const interaction = await withoutItsSession(request, reply)
      if (interaction?.uid === uid) return spoken(request, reply, interaction)
    }
    throw isOver()
  }

  function spoken(request: FastifyRequest, reply: FastifyReply, interaction: Interaction): Interaction {
    deps.speak(request, reply, interaction.uid, interaction.params.ui_locales)
    return interaction
  }

  /**
   * The library drops an interaction whose session is over: another account has signed in in this browser since, at an upstream
   * provider or by a link in a message, or the session was ended from another browser. Here the interaction goes on without a session,
   * at the sign-in page, and inherits nothing of the old one.
   */
  async function withoutItsSession(request: FastifyRequest, reply: FastifyReply) {
    const provider = deps.current()
    const { cookies } = provider.createContext(request.raw, reply.raw)
    const id = cookies.get(provider.cookieName('interaction'), { signed: true })
    const interaction = id === undefined ? undefined : await provider.Interaction.find(id)
    if (interaction === undefined) return undefined
    // An answer that a session gave before it ended does not count.
    if (interaction.prompt.name !== 'login' && interaction.result !== undefined) return undefined
    delete interaction.session
    return interaction
  }

  /** The account that may consent, or go on: the one signed in, unless that session has ended since the page was shown. */
  async function whoConsents(
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: Interaction,
  ): Promise<string | undefined> {
    const provider = deps.current()
    const { accountId } = interaction.session ?? {}
    if (interaction.prompt.name === 'login' || accountId === undefined) return undefined
    const session = await provider.Session.get(provider.createContext(request.raw, reply.raw))
    // The interaction is of the session that it began in, or went on with: another account's counts for nothing here.
    if (session.accountId !== accountId) return undefined
    const account = await deps.findLive(accountId, generationOf(session))
    if (account === undefined) return undefined
    // What an account has to be verified by first decides nothing before.
    return interaction.prompt.name === MFA || deps.gate.missing(session.amr ?? ['pwd'], account) === undefined
      ? accountId
      : undefined
  }

  async function save(interaction: Interaction): Promise<string> {
    try {
      await interaction.save(Math.max(1, interaction.exp - epochSeconds(Date.now)))
      return interaction.returnTo
    } catch (error) {
      // Another tab has finished it between our reading and saving.
      throw error instanceof errors.SessionNotFound ? isOver() : error
    }
  }

  function finish(interaction: Interaction, result: Interaction['result']): Promise<string> {
    interaction.result = { ...interaction.lastSubmission, ...result }
    return save(interaction)
  }

  const verify: Interactions['verify'] = async (request, reply, { accountId, amr }) => {
    const interaction = await find(request, reply)
    const session = await deps.current().Session.get(deps.current().createContext(request.raw, reply.raw))
    const asks = interaction.prompt.name === MFA && interaction.session?.accountId === accountId
    const generation = generationOf(session)
    if (!asks || session.accountId !== accountId || !(await deps.findLive(accountId, generation)))
      return save(interaction)
    const verifiedAt = amr.length > 0 ? epochSeconds(Date.now) : verifiedAtOf(session)
    const shown = addMethods(session.amr ?? ['pwd'], amr)
    const location = await finish(interaction, {
      login: {
        ...{ accountId, generation, amr: shown, remember: true },
        ...{ ts: session.loginTs, verifiedAt, sessionUid: session.uid },
      },
      [MFA]: {},
    })
    // Without another method it was told when that was shown.
    if (amr.length > 0) await deps.effects.signedIn(request, reply, { accountId, generation, amr: shown })
    return location
  }

  async function refuse(interaction: Interaction): Promise<string> {
    interaction.result = { error: 'access_denied', error_description: reasonOf(interaction) }
    return save(interaction)
  }

  async function endHere(interaction: Interaction): Promise<string> {
    try {
      await interaction.destroy()
    } catch (error) {
      throw error instanceof errors.SessionNotFound ? isOver() : error
    }
    return `${deps.devicePath}?problem=cancelled`
  }

  return {
    async details(request, reply) {
      const interaction = await find(request, reply)
      const client = await deps.current().Client.find(String(interaction.params.client_id))
      const shown = shownClient(interaction, client)
      setBrand(shown.brand)
      const consents = await whoConsents(request, reply, interaction)
      return {
        ...saidOf(interaction, client),
        client: shown,
        prompt: consents === undefined ? 'login' : promptOf(interaction),
        accountId: interaction.prompt.name === 'login' ? interaction.session?.accountId : consents,
        device: await deviceAsking(deps.current(), interaction),
      }
    },

    async signIn(request, reply, signedIn) {
      const { accountId, generation, amr, at = epochSeconds(Date.now), sessionUid, verifiedAt } = signedIn
      const interaction = await find(request, reply)
      if ((hintedAccount(interaction.params) ?? accountId) !== accountId)
        throw new AppError('another_account', 403, message('protocolError.anotherAccount'))
      const provider = deps.current()
      const session = await provider.Session.get(provider.createContext(request.raw, reply.raw))
      if (isAnother(session, { accountId, generation })) {
        // It ends now, so that nothing of it is inherited.
        await session.destroy()
        delete interaction.session
      }
      const location = await finish(interaction, {
        ...(selects(interaction) && { [SELECT_ACCOUNT]: {} }),
        login: {
          ...{ accountId, generation, amr, ts: at, remember: true, verifiedAt },
          ...(sessionUid && { sessionUid }),
          ...(sessionUid === undefined && deps.asksHooks() && { unasked: true }),
        },
        // What was shown for an earlier sign-in of this interaction is not shown for this one.
        [MFA]: undefined,
        // What another person chose is not what this one does.
        ...(interaction.session?.accountId !== accountId && { [ORGANIZATION]: undefined }),
      })
      await deps.effects.endPending(request, reply)
      // With a session it was told when that began.
      await deps.effects.signedIn(request, reply, {
        ...{ accountId, generation, amr },
        quiet: sessionUid !== undefined,
      })
      return location
    },

    async answeredBy(request, reply, details) {
      const session =
        (await deps.sessions.current(request, reply)) ?? (await deps.sessions.incomplete(request, reply))
      if (!answers(session, details)) return undefined
      const { accountId, generation, amr, loginTs, uid, verifiedAt } = session
      return { accountId, generation, amr, at: loginTs, sessionUid: uid, verifiedAt }
    },

    verify,

    async verifiedSince(request, reply, { accountId, needed }) {
      const { result, returnTo } = await find(request, reply)
      if (result?.[MFA] !== undefined && result.login?.accountId === accountId) return returnTo
      const session = await deps.sessions.current(request, reply)
      return session !== undefined && session.accountId === accountId && reaches(session.amr, needed)
        ? verify(request, reply, { accountId, amr: [] })
        : undefined
    },

    async admittedSince(request, reply, { accountId }) {
      const interaction = await find(request, reply)
      const who = await whoConsents(request, reply, interaction)
      if (who === undefined || who !== accountId || interaction.prompt.name !== ACCESS) return undefined
      const client = await deps.current().Client.find(String(interaction.params.client_id))
      return (await deps.admits(client, who)) ? finish(interaction, { [ACCESS]: {} }) : undefined
    },

    async organizations(request, reply, { accountId, organization }) {
      const interaction = await find(request, reply)
      const who = await whoConsents(request, reply, interaction)
      if (who === undefined || who !== accountId || interaction.prompt.name !== ORGANIZATION) return []
      if (organization !== undefined) {
        const found = await countingMembership(deps.organizations, who, organization)
        return found === undefined ? [] : finish(interaction, { [ORGANIZATION]: {} })
      }
      const all = await openTo(deps.organizations, who)
      if (all.length > 1) return all
      const client = await deps.current().Client.find(String(interaction.params.client_id))
      return all.length === 0 && organizationsOf(client) === 'required'
        ? []
        : finish(interaction, { [ORGANIZATION]: {} })
    },

    async choose(request, reply, organization) {
      const interaction = await find(request, reply)
      const accountId = await whoConsents(request, reply, interaction)
      // The interaction goes on as if nothing had been answered.
      if (accountId === undefined || interaction.prompt.name !== ORGANIZATION) return save(interaction)
      const membership = await countingMembership(deps.organizations, accountId, organization)
      if (membership === undefined) return save(interaction)
      setActor({ kind: 'account', id: accountId })
      return finish(interaction, { [ORGANIZATION]: { id: membership.id } })
    },

    async allow(request, reply) {
      const interaction = await find(request, reply)
      const accountId = await whoConsents(request, reply, interaction)
      // The interaction goes on as if nothing had been answered: to the sign-in page.
      if (accountId === undefined) return save(interaction)
      // The account that signed in to the interaction gives this consent.
      setActor({ kind: 'account', id: accountId })
      const added = missing(interaction)
      await deps.consents.allow(accountId, String(interaction.params.client_id), added)
      return finish(interaction, { consent: {} })
    },

    async select(request, reply) {
      const interaction = await find(request, reply)
      const accountId = await whoConsents(request, reply, interaction)
      // The interaction goes on as if nothing had been answered: to the sign-in page.
      if (accountId === undefined || !selects(interaction)) return save(interaction)
      setActor({ kind: 'account', id: accountId })
      return finish(interaction, { [SELECT_ACCOUNT]: {} })
    },

    async refuse(request, reply) {
      return refuse(await find(request, reply))
    },

    async cancel(request, reply) {
      const interaction = await find(request, reply)
      return interaction.deviceCode === undefined ? refuse(interaction) : endHere(interaction)
    },
  }
}

/**
 * True when a person proved who they are after the interaction began (in another tab, by registering, by resetting the
 * password): it may go on with that sign-in, whatever `prompt` or `max_age` the client asked for. Times are whole seconds: where an
 * account was signed in already, a sign-in in the second in which the interaction began is taken for the one before it.
 */
const answers = (
  session: SignInSession | undefined,
  interaction: Pick<InteractionDetails, 'startedAt' | 'accountId'>,
): session is SignInSession =>
  session !== undefined &&
  session.loginTs >= interaction.startedAt + (interaction.accountId === undefined ? 0 : 1)
