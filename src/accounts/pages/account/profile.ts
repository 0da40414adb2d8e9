import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { addressIn, addressNames } from '../../../shared/profile/address-form.ts'
import { byProperty } from '../../../shared/profile/fields.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { formErrors } from '../register.ts'
import { EMAIL_NOTICES } from './email.ts'
import { PICTURE_NOTICES } from './picture.ts'
import { showProfile, TYPED_FIELDS } from './profile-page.ts'
import { RECOVERY_NOTICES } from './recovery.ts'
import type { SignedIn } from './signed-in.ts'
import { USERNAME_NOTICES } from './username.ts'

const text = z.string().max(2000).optional()
const profileForm = z.object(
  Object.fromEntries(
    [...TYPED_FIELDS.map(({ claim }) => claim), ...addressNames].map((name) => [name, text]),
  ),
)

const NOTICES: Readonly<Record<string, TextKey>> = {
  profile: 'profile.saved',
  invited: 'profile.invited',
  phone: 'profile.phoneDone',
  phone_signs_in: 'profile.phoneSignsIn',
  phone_taken: 'profile.phoneTaken',
  ...EMAIL_NOTICES,
  ...RECOVERY_NOTICES,
  ...USERNAME_NOTICES,
  ...PICTURE_NOTICES,
}

/** `/account`: who a person is, as they tell it and as apps may be told. */
export async function profileRoutes(
  app: FastifyInstance,
  { http, accounts, attributeForm }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  app.get<{ Querystring: { done?: unknown } }>('/account', async (request, reply) => {
    const signed = await signedIn.person(request, reply, '/account')
    return signed ? showProfile(reply, signed, { notice: noticeIn(NOTICES, request.query.done) }) : reply
  })

  app.post(
    '/account/profile',
    http.limit('account'),
    signedIn.onSubmit(
      '/account',
      async (signed, request) => {
        const { account } = signed
        const form = profileForm.parse(request.body ?? {})
        const attributes = attributeForm.entered('person', request.body, account.attributes)
        const changes = {
          ...byProperty(form, 'claim', TYPED_FIELDS),
          address: addressIn(form),
          ...(attributes && { attributes }),
        }
        const fresh = accounts.losesVerifiedPhone(account, changes)
        const again = fresh && (await signedIn.again(request, signed, t('act.phone')))
        if (again) return again
        await accounts.updateProfile(account.id, changes, { fresh })
        return '/account?done=profile'
      },
      async (reply, signed, error, request) => {
        const values = shownAgain(request.body)
        return showProfile(reply, signed, {
          forms: { profile: { errors: formErrors(error), values } },
          status: 422,
        })
      },
    ),
  )
}
