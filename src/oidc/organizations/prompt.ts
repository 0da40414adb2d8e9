import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { type FindStanding, ORGANIZATION } from './standing.ts'

const { Check, Prompt } = interactionPolicy

/** What a client, and the log, are told of a person who is no member of the organization that the request names. */
export const NO_MEMBER = 'the end-user may not sign in for this organization'
/** And of one who is in none, where the client is for members of one. */
export const NO_ORGANIZATION = 'the end-user is no member of an organization'

/**
 * For which organization the person signs in: asked after the sign-in has shown all that it has to, since a person who has not is told nothing of
 * organizations, and before consent, on every way to a code.
 */
export const organizationPrompt = (standingOf: FindStanding): interactionPolicy.Prompt =>
  new Prompt(
    { name: ORGANIZATION, requestable: false },
    new Check('no_member', NO_MEMBER, 'access_denied', asks(standingOf, 'refused')),
    new Check('no_organization', NO_ORGANIZATION, 'access_denied', asks(standingOf, 'missing')),
    new Check(
      'organization_open',
      'the end-user has to choose an organization',
      'interaction_required',
      asks(standingOf, 'open'),
    ),
  )

const asks =
  (standingOf: FindStanding, kind: 'refused' | 'missing' | 'open') => async (ctx: KoaContextWithOIDC) => {
    const { session, account } = ctx.oidc
    if (session?.accountId === undefined || account === undefined) return Check.NO_NEED_TO_PROMPT
    return (await standingOf(ctx)).kind === kind ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
  }

/** The organization accepts no older sign-in than it says. */
export const signInTooOldFor = (standingOf: FindStanding) =>
  new Check(
    'organization_max_age',
    'End-User authentication is older than the organization accepts',
    'login_required',
    async (ctx: KoaContextWithOIDC) => {
      const { session, account, result } = ctx.oidc
      if (session?.accountId === undefined || account === undefined || result?.login)
        return Check.NO_NEED_TO_PROMPT
      const standing = await standingOf(ctx)
      const oldest = standing.kind === 'member' ? standing.membership.session_max_age : null
      return oldest !== null && session.past(oldest) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
    },
  )
