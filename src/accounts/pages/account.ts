import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeOf } from '../../http/forms/notice.ts'
import type {
  ButtonForm,
  Form,
  LinkedSignInView,
  ProviderButton,
  ShownClient,
} from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import type { FormField } from '../../shared/profile/fields.ts'
import { byProperty, formFields, personalFields } from '../../shared/profile/fields.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { canonicalEmail } from '../email/address.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { formErrors } from './register.ts'

export interface SessionView extends ButtonForm {
  /** “Firefox on Linux” */
  device: string
  /** “Signed in on 3 November 2026 from 192.0.2.1” */
  detail: string
  current: boolean
}

export interface ConnectedAppView extends ButtonForm {
  client: ShownClient
  scopes: string[]
  detail?: string | undefined
}

export interface AccountPage {
  username: string
  email?: string | undefined
  pendingEmail?: string | undefined
  verifyHref?: string | undefined
  notice?: string | undefined
  profile: Form & { fields: readonly FormField[] }
  /** Undefined: this account has no password, and signs in at upstream providers. */
  password?: (Form & { passwordMinLength: number; forgotHref: string }) | undefined
  sessions: SessionView[]
  signOutOthers?: ButtonForm | undefined
  apps: ConnectedAppView[]
  linked: LinkedSignInView[]
  linkable: ProviderButton[]
  /** A message with a link that sets the first password. */
  setPassword?: ButtonForm | undefined
  alert?: string | undefined
  signOut: ButtonForm
  adminHref?: string | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account': AccountPage
  }
}

const text = z.string().max(1024).default('')
const profileForm = z.object({
  ...Object.fromEntries(personalFields.map(({ claim }) => [claim, text])),
  email: text,
})
const OWN_FIELDS = formFields(personalFields, { own: true })
const passwordForm = z.object({ current_password: text, new_password: text })
const idForm = z.object({ id: z.string().max(200) })

/** What is ended because it is not trusted may have asked for it. */
const ADDRESS_DROPPED =
  'A change of your address that still had to be confirmed is dropped: ask for it again if it was yours.'

/** What was just done, by the `done` parameter of the page: fixed texts, so that a link can put nothing on it. */
const NOTICES: Readonly<Record<string, string>> = {
  profile: 'Your profile is saved.',
  email: 'Your profile is saved. We sent a message to the new address: open its link to verify it.',
  invited: 'Welcome. Your address is confirmed, and your account is ready.',
  password: 'Your password is changed. Other devices are signed out.',
  session: 'That device is signed out.',
  session_address: `That device is signed out. ${ADDRESS_DROPPED}`,
  sessions: 'All other devices are signed out.',
  app: 'The app has no access any more.',
  linked: 'Done: you can sign in that way from now on. We sent you a message about it.',
  unlinked: 'That way to sign in is removed. We sent you a message about it.',
  unlinked_address: `That way to sign in is removed. We sent you a message about it. ${ADDRESS_DROPPED}`,
}

type Forms = { profile?: Partial<Form>; password?: Partial<Form> }

/** `/account`: what a person sees and changes of their own. Everything here asks for a sign-in first. */
export async function accountRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, accounts, sessions, apps } = deps
  const { ask } = http.interrupted

  /** The person who is signed in; else the sign-in page is answered and undefined returned. */
  async function signedInPerson(request: FastifyRequest, reply: FastifyReply) {
    const session = await sessions.current(request, reply)
    const account = session && (await accounts.byId(session.accountId))
    if (session && account) return { session, account }
    reply.redirect(`/login?${request.method === 'GET' ? '' : 'ended=1&'}return_to=/account`, 303)
    return undefined
  }
  type Signed = NonNullable<Awaited<ReturnType<typeof signedInPerson>>>

  async function show(
    reply: FastifyReply,
    { session, account }: Signed,
    forms: Forms,
    { notice, alert, status = 200 }: { notice?: string; alert?: string | undefined; status?: number } = {},
  ) {
    const [devices, connected, ways] = await Promise.all([
      sessions.list(account.id),
      apps.list(account.id),
      deps.upstream.signInMethods(account.id),
    ])
    const page: AccountPage = {
      username: account.displayUsername,
      email: account.email ?? undefined,
      pendingEmail: account.pendingEmail ?? undefined,
      notice,
      alert,
      profile: {
        action: '/account/profile',
        values: {
          ...Object.fromEntries(
            personalFields.map(({ claim, property }) => [claim, account[property] ?? '']),
          ),
          email: account.pendingEmail ?? account.email ?? '',
        },
        ...forms.profile,
        fields: OWN_FIELDS,
      },
      password: ways.password
        ? {
            action: '/account/password',
            passwordMinLength: deps.accounts.passwordMinLength(account),
            forgotHref: '/forgot-password',
            ...forms.password,
          }
        : undefined,
      setPassword:
        account.email === null ? undefined : { action: '/forgot-password', fields: { email: account.email } },
      sessions: devices.map(({ uid, ...device }) => ({
        ...device,
        current: uid === session.uid,
        action: '/account/sessions/end',
        fields: { id: uid },
      })),
      signOutOthers: devices.length > 1 ? { action: '/account/sessions/end-others' } : undefined,
      apps: connected.map(({ clientId, ...view }) => ({
        ...view,
        action: '/account/apps/withdraw',
        fields: { id: clientId },
      })),
      linked: ways.linked,
      linkable: ways.linkable,
      signOut: { action: '/logout' },
      adminHref: account.role === 'user' ? undefined : '/admin',
    }
    return renderPage(reply, 'accounts/account', page, status)
  }

  /** Does what a form asks; field errors show the page again. `work` gives the page to go to */
  const onSubmit =
    (
      form: keyof Forms,
      work: (signed: Signed, request: FastifyRequest, reply: FastifyReply) => Promise<string>,
    ) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const signed = await signedInPerson(request, reply)
      if (!signed) return reply
      try {
        return reply.redirect(await work(signed, request, reply), 303)
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error
        const errors = formErrors(error)
        const typed = form === 'profile' ? { values: profileForm.parse(request.body ?? {}) } : {}
        return show(reply, signed, { [form]: { errors, ...typed } }, { status: 422 })
      }
    }

  app.get<{ Querystring: { done?: unknown } }>('/account', async (request, reply) => {
    const signed = await signedInPerson(request, reply)
    if (!signed) return reply
    const notice = noticeOf(NOTICES, request.query.done)
    const alert = await deps.upstream.problem(request.query)
    return show(reply, signed, {}, { ...(notice && { notice }), alert })
  })

  app.post(
    '/account/profile',
    http.limit('account'),
    onSubmit('profile', async ({ account, session }, request) => {
      const { email, ...claims } = profileForm.parse(request.body ?? {})
      const known = canonicalEmail(email)
      // The address is what resets the password.
      const fresh = isFresh(deps.clock, session.loginTs)
      const another = known !== undefined && known !== account.email && known !== account.pendingEmail
      if (!fresh && another) return ask(request, session, `change your address to ${known}`)
      await accounts.updateProfile(account.id, byProperty(claims, 'claim', personalFields))
      if (email === '' || known === account.email) return '/account?done=profile'
      return (await accounts.changeEmail(account.id, email, session))
        ? '/account?done=email'
        : '/account?done=profile'
    }),
  )

  app.post(
    '/account/password',
    http.limit('account'),
    onSubmit('password', async ({ account, session }, request, reply) => {
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
      await sessions.start(request, reply, { accountId: account.id, generation, amr: ['pwd'] })
      return '/account?done=password'
    }),
  )

  app.post(
    '/account/sessions/end',
    http.limit('account'),
    onSubmit('profile', async ({ account, session }, request, reply) => {
      const { id } = idForm.parse(request.body)
      const own = id === session.uid
      // A person who found a browser open must not sign the owner out of others; signing out of this one is free.
      if (!own && !isFresh(deps.clock, session.loginTs))
        return ask(request, session, 'sign out one of your devices')
      await sessions.end(account.id, id, { own })
      if (own) await deps.browser.endPending(request, reply)
      const dropped = !own && (await accounts.dropAddressChange(account.id))
      return dropped ? '/account?done=session_address' : '/account?done=session'
    }),
  )

  app.post(
    '/account/sessions/end-others',
    http.limit('account'),
    onSubmit('profile', async ({ session }, request, reply) => {
      if (!isFresh(deps.clock, session.loginTs)) return ask(request, session, 'sign out everywhere else')
      await sessions.endOthers(request, reply, session)
      return '/account?done=sessions'
    }),
  )

  app.post(
    '/account/apps/withdraw',
    onSubmit('profile', async ({ account }, request) => {
      await apps.withdraw(account.id, idForm.parse(request.body).id)
      return '/account?done=app'
    }),
  )
}
