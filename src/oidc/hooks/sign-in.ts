import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { ACR, reaches, satisfies } from '../../shared/acr.ts'
import { type AboutToHappen, ALLOWED, type BeforeHooks, type Verdict } from '../../shared/before-hook.ts'
import { AppError } from '../../shared/errors.ts'
import { MFA } from '../authorization/second-factor.ts'
import { deviceOf } from '../sessions/details.ts'

const { Check, Prompt } = interactionPolicy

/** The name of the prompt, and of an interaction that ends there. */
export const HOOK = 'hook'

/** What a client, and the log, are told of a person whom a hook has denied; the words of the hook are for the person. */
export const DENIED = 'the sign-in was denied'

/** The person of a sign-in. */
export interface HookPerson {
  id: string
  username: string
  email: string | null
}

/** Who is asked about a person. */
export interface SignInHooks {
  hooks: BeforeHooks
  groupsOf(id: string): Promise<readonly string[]>
}

const about = (
  { groupsOf }: SignInHooks,
  { id, username, email }: HookPerson,
  more: Pick<AboutToHappen, 'clientId' | 'address' | 'scopes' | 'amr'>,
): AboutToHappen => ({ ...more, user: { id, username, email }, groups: () => groupsOf(id) })

/** What the hooks say of the sign-in of an authorization request, asked once in a request; its person is known. */
export type FindVerdict = (ctx: KoaContextWithOIDC) => Promise<Verdict>

export function createSignInVerdict(
  deps: SignInHooks & {
    accountOf(ctx: KoaContextWithOIDC, id: string): Promise<HookPerson | undefined>
  },
): FindVerdict {
  const verdicts = new WeakMap<object, Promise<Verdict>>()
  async function ask(ctx: KoaContextWithOIDC): Promise<Verdict> {
    const { client, session, requestParamScopes } = ctx.oidc
    const person = session?.accountId && (await deps.accountOf(ctx, session.accountId))
    if (!person) return ALLOWED
    const more = {
      clientId: client?.clientId,
      address: deviceOf(ctx.req).address || undefined,
      scopes: [...requestParamScopes],
      amr: session.amr ?? ['pwd'],
    }
    const verdict = await deps.hooks.ask('sign_in', about(deps, person, more))
    // Those of sign-ins to no app are among the ones that were asked: now the session counts on our own pages too.
    if ((session as { unasked?: boolean }).unasked === true && verdict.denied === undefined)
      Object.assign(session, { unasked: undefined, asksFactor: verdict.secondFactor || undefined })
    return verdict
  }
  return (ctx) => {
    const { account, client, session } = ctx.oidc
    if (session?.accountId === undefined || account === undefined) return Promise.resolve(ALLOWED)
    if (!deps.hooks.asked('sign_in', client?.clientId)) return Promise.resolve(ALLOWED)
    const found = verdicts.get(ctx.oidc) ?? ask(ctx)
    verdicts.set(ctx.oidc, found)
    return found
  }
}

const NEEDED = { acr: ACR.mfa, shown: false } as const

/**
 * Hooks are asked when all else is settled, just before a code: once for each code, and once more after the second factor that one
 * wants. A person who is denied is told so by a page; with `prompt=none` the client is answered `access_denied`.
 */
export const hookPrompts = (verdictOf: FindVerdict): interactionPolicy.Prompt[] => [
  new Prompt(
    { name: HOOK, requestable: false },
    async (ctx: KoaContextWithOIDC) => ({ message: (await verdictOf(ctx)).denied }),
    new Check('denied_by_hook', DENIED, 'access_denied', async (ctx: KoaContextWithOIDC) =>
      (await verdictOf(ctx)).denied === undefined ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
    ),
  ),
  new Prompt(
    { name: MFA, requestable: false },
    () => ({ needed: NEEDED }),
    new Check(
      'second_factor_by_hook',
      'the sign-in has to be verified by a second factor',
      'unmet_authentication_requirements',
      async (ctx: KoaContextWithOIDC) => {
        const { secondFactor } = await verdictOf(ctx)
        if (!secondFactor || reaches(ctx.oidc.session?.amr ?? ['pwd'], NEEDED)) return Check.NO_NEED_TO_PROMPT
        if (ctx.oidc.result?.[MFA])
          throw new errors.UnmetAuthenticationRequirements('the second factor that was shown is not enough')
        return Check.REQUEST_PROMPT
      },
    ),
  ),
]

/** Waits for the hooks of a sign-in to no app: on our own pages, and by the JSON API. */
export type AdmitSignIn = (signIn: {
  /** Read where a hook is asked. */
  account(): Promise<HookPerson | undefined>
  amr: readonly string[]
  address: string | undefined
}) => Promise<{
  /** A second factor is wanted that was not shown. */
  secondFactor: boolean
}>

/** @returns what throws AppError sign_in_denied (403) with what a hook tells the person */
export const createAdmitSignIn =
  (deps: SignInHooks): AdmitSignIn =>
  async ({ account, amr, address }) => {
    if (!deps.hooks.asked('sign_in', undefined)) return { secondFactor: false }
    const person = await account()
    if (person === undefined) return { secondFactor: false }
    const verdict = await deps.hooks.ask('sign_in', about(deps, person, { amr, address }))
    if (verdict.denied !== undefined) throw new AppError('sign_in_denied', 403, verdict.denied)
    return { secondFactor: verdict.secondFactor && !satisfies(amr, ACR.mfa) }
  }
