import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { noticeOf } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { FormField } from '../../../shared/profile/fields.ts'
import { byProperty, formFields, personalFields } from '../../../shared/profile/fields.ts'
import { canonicalEmail } from '../../email/address.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { formErrors } from '../register.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

export interface ProfilePage {
  account: AccountFrame
  pendingEmail?: string | undefined
  verifyHref?: string | undefined
  profile: Form & { fields: readonly FormField[] }
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/profile': ProfilePage
  }
}

const text = z.string().max(1024).default('')
const profileForm = z.object({
  ...Object.fromEntries(personalFields.map(({ claim }) => [claim, text])),
  email: text,
})
const OWN_FIELDS = formFields(personalFields, { own: true })

const NOTICES: Readonly<Record<string, string>> = {
  profile: 'Your profile is saved.',
  email: 'Your profile is saved. We sent a message to the new address: open its link to verify it.',
  invited: 'Welcome. Your address is confirmed, and your account is ready.',
}

/** `/account`: who a person is, as they tell it and as apps may be told. */
export async function profileRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  const { http, accounts } = deps

  const show = async (
    reply: FastifyReply,
    signed: Signed,
    { form, notice, status = 200 }: { form?: Partial<Form>; notice?: string | undefined; status?: number },
  ) => {
    const { account } = signed
    const page: ProfilePage = {
      account: frameOf(signed, '/account', { notice }),
      pendingEmail: account.pendingEmail ?? undefined,
      profile: {
        action: '/account/profile',
        values: {
          ...Object.fromEntries(
            personalFields.map(({ claim, property }) => [claim, account[property] ?? '']),
          ),
          email: account.pendingEmail ?? account.email ?? '',
        },
        ...form,
        fields: OWN_FIELDS,
      },
    }
    return renderPage(reply, 'accounts/account/profile', page, status)
  }

  app.get<{ Querystring: { done?: unknown } }>('/account', async (request, reply) => {
    const signed = await signedIn.person(request, reply, '/account')
    return signed ? show(reply, signed, { notice: noticeOf(NOTICES, request.query.done) }) : reply
  })

  app.post(
    '/account/profile',
    http.limit('account'),
    signedIn.onSubmit(
      '/account',
      async (signed, request) => {
        const { account, session } = signed
        const { email, ...claims } = profileForm.parse(request.body ?? {})
        const known = canonicalEmail(email)
        const another = known !== undefined && known !== account.email && known !== account.pendingEmail
        // The address is what resets the password.
        const again = another && (await signedIn.again(request, signed, `change your address to ${known}`))
        if (again) return again
        await accounts.updateProfile(account.id, byProperty(claims, 'claim', personalFields))
        if (email === '' || known === account.email) return '/account?done=profile'
        return (await accounts.changeEmail(account.id, email, session))
          ? '/account?done=email'
          : '/account?done=profile'
      },
      (reply, signed, error, request) => {
        const form = { errors: formErrors(error), values: profileForm.parse(request.body ?? {}) }
        return show(reply, signed, { form, status: 422 })
      },
    ),
  )
}
