import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { PasskeysSection } from '../../../factors/pages/passkeys-section.ts'
import type { SecondFactorsSection } from '../../../factors/pages/section.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { ButtonForm, Form, LinkedSignInView, ProviderButton } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { strengthOf } from '../password-strength.ts'
import { formErrors } from '../register.ts'
import { type ActivitySection, activitySection } from './activity.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

export interface SecurityPage {
  account: AccountFrame
  /** Undefined: this account has no password, and signs in at upstream providers. */
  password?:
    | (Form & { passwordMinLength: number; strength?: string | undefined; forgotHref: string })
    | undefined
  /** A message with a link that sets the first password. */
  setPassword?: ButtonForm | undefined
  /** Undefined: none work here. */
  passkeys?: PasskeysSection | undefined
  secondFactors: SecondFactorsSection
  linked: LinkedSignInView[]
  linkable: ProviderButton[]
  activity: ActivitySection
  /** A second factor was just added: what was signed in before it can be ended (ASVS 7.4.3). */
  signOutOthers?: ButtonForm | undefined
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/security': SecurityPage
  }
}

const PATH = '/account/security'

const text = z.string().max(1024).default('')
const passwordForm = z.object({ current_password: text, new_password: text })

const NOTICES: Readonly<Record<string, TextKey>> = {
  password: 'security.password.done',
  passkey: 'security.passkey.added',
  passkey_renamed: 'security.passkey.renamed',
  app: 'security.app.on',
  phone: 'security.phone.on',
  phone_gone: 'security.phone.gone',
  app_gone: 'security.app.gone',
  factor_removed: 'security.factor.removed',
  browser: 'security.browser.forgotten',
  browsers: 'security.browsers.forgotten',
  linked: 'security.linked.done',
  unlinked: 'security.unlinked',
  unlinked_address: 'security.unlinked.address',
}

/** After which a person is asked whether what was signed in before goes on. */
const FACTOR_ADDED: ReadonlySet<unknown> = new Set(['passkey', 'app', 'phone'])

const doneOf = (query: unknown): unknown => (query as { done?: unknown } | undefined)?.done

/** `/account/security`: how a person signs in. Linked sign-ins are added and taken away by src/federation/pages/account-links.ts. */
export async function securityRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const { http, accounts, sessions } = deps

  async function show(
    reply: FastifyReply,
    signed: Signed,
    said: Pick<AccountFrame, 'notice' | 'alert'>,
    { form, status = 200, query }: { form?: Partial<Form>; status?: number; query?: unknown } = {},
  ) {
    const { account } = signed
    const ways = await deps.upstream.signInMethods(account.id)
    const page: SecurityPage = {
      account: frameOf(signed, PATH, said),
      password: ways.password
        ? {
            action: '/account/password',
            passwordMinLength: accounts.passwordMinLength(account),
            strength: strengthOf(deps.http, { accountId: account.id }),
            forgotHref: '/forgot-password',
            ...form,
          }
        : undefined,
      setPassword:
        account.email === null ? undefined : { action: '/forgot-password', fields: { email: account.email } },
      passkeys: await deps.passkeysSection(signed),
      secondFactors: await deps.secondFactors(account),
      linked: ways.linked,
      linkable: ways.linkable,
      activity: await activitySection(deps.activity, account.id, PATH, query),
      signOutOthers:
        said.notice !== undefined && FACTOR_ADDED.has(doneOf(query))
          ? { action: '/account/sessions/end-others' }
          : undefined,
    }
    return renderPage(reply, 'accounts/account/security', page, status)
  }

  app.get<{ Querystring: { done?: unknown } }>(PATH, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const alert = await deps.upstream.problem(request.query)
    const { query } = request
    return show(reply, signed, { notice: noticeIn(NOTICES, query.done), alert }, { query })
  })

  // Password managers lead people here (W3C “A Well-Known URL for Changing Passwords”).
  app.get('/.well-known/change-password', (_request, reply) => reply.redirect(PATH, 303))

  app.post(
    '/account/password',
    { ...http.limit('account'), config: { formPage: PATH } },
    signedIn.onSubmit(
      PATH,
      async (signed, request, reply) => {
        const { account, session } = signed
        // Where there is a second factor the password alone changes nothing, and no remembered browser stands in.
        const again =
          account.secondFactors.length > 0
            ? await signedIn.again(request, signed, t('act.password'))
            : undefined
        if (again !== undefined) return again
        const { current_password, new_password } = passwordForm.parse(request.body ?? {})
        const { generation } = await accounts.changePassword({
          accountId: account.id,
          currentPassword: current_password,
          newPassword: new_password,
          keepSessionUid: session.uid,
          address: request.ip,
          devices: http.devices.of(request),
        })
        // Sign-ins from before the change count for nothing, this one included: it goes on under a fresh id.
        const { amr, verifiedAt } = session
        await sessions.start(request, reply, {
          ...{ accountId: account.id, generation, amr, verifiedAt },
          quiet: true,
          continues: true,
        })
        return `${PATH}?done=password`
      },
      (reply, signed, error) => show(reply, signed, {}, { form: { errors: formErrors(error) }, status: 422 }),
    ),
  )
}
