import type { FastifyReply } from 'fastify'
import type { AttributeControl } from '../../../attributes/form.ts'
import type { ButtonForm, Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { addressFields, addressValues } from '../../../shared/profile/address-form.ts'
import {
  type FormField,
  formFields,
  type PropertySetBy,
  personalFields,
} from '../../../shared/profile/fields.ts'
import { type AccountFrame, frameOf, type Signed } from './signed-in.ts'

/** Fields that are shown together. */
interface FieldGroup {
  legend: string
  fields: readonly FormField[]
  /** Folded up while there is nothing in it. */
  folded?: boolean
}

export interface ProfilePage {
  account: AccountFrame
  email: Form & {
    /** Undefined: no address is proven yet. */
    current?: string | undefined
    /** An address that waits for its proof, beside the current one; the form takes the code that was sent there. */
    pending?: (Form & { email: string; resend: ButtonForm; cancel?: ButtonForm | undefined }) | undefined
  }
  username: Form & { current: string }
  picture: Form & {
    current?: string | undefined
    /** Where the form of an address at another server is posted. */
    addressAction: string
    remove?: ButtonForm | undefined
  }
  profile: Form & {
    groups: FieldGroup[]
    /** What administrators have defined, and the person may see. */
    attributes: { controls: AttributeControl[]; shown: { label: string; value: string }[] }
    phone: { number: string; verified: boolean; verifyHref?: string | undefined } | undefined
  }
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/profile': ProfilePage
  }
}

/** Those that are typed; the picture has forms of its own. */
export const TYPED_FIELDS = personalFields.filter(({ property }) => property !== 'picture')

/** The groups of the form; what a new row of src/shared/profile/table.ts brings is in the one without names. */
const GROUPS: readonly { legend: TextKey; of?: readonly PropertySetBy<'person'>[] }[] = [
  { legend: 'profile.group.name', of: ['givenName', 'familyName', 'middleName', 'nickname'] },
  { legend: 'profile.group.contact', of: ['phoneNumber', 'website', 'profile'] },
  { legend: 'profile.group.more' },
]
const named: readonly string[] = GROUPS.flatMap(({ of = [] }) => of)
const others = TYPED_FIELDS.map(({ property }) => property).filter((each) => !named.includes(each))
const fieldsOf = (properties: readonly string[]) =>
  properties.flatMap((property) => TYPED_FIELDS.filter((field) => field.property === property))
const groupsOfForm = (): FieldGroup[] => [
  ...GROUPS.map(({ legend, of }) => ({
    legend: t(legend),
    fields: formFields(fieldsOf(of ?? others), { own: true }),
    folded: of === undefined,
  })),
  { legend: t('profile.group.address'), fields: addressFields({ own: true }), folded: true },
]

/** What is shown in place of what is known. */
export interface ShownForms {
  profile?: Partial<Form>
  email?: Partial<Form>
  pending?: Partial<Form>
  username?: Partial<Form>
  picture?: Partial<Form>
}

/** `/account`, with what was just done. @param status HTTP status, 200 unless given */
export function showProfile(
  reply: FastifyReply,
  signed: Signed,
  { notice, forms = {}, status }: { notice?: string | undefined; forms?: ShownForms; status?: number },
): FastifyReply {
  const { account, attributeForm } = signed
  const { email, pendingEmail, phoneNumber } = account
  const page: ProfilePage = {
    account: frameOf(signed, '/account', { notice }),
    email: {
      action: '/account/email',
      current: email ?? undefined,
      pending:
        pendingEmail === null
          ? undefined
          : {
              action: '/account/email/verify',
              ...forms.pending,
              email: pendingEmail,
              resend: { action: '/account/email/resend' },
              // An account that waits for its first address goes on waiting.
              cancel: email === null ? undefined : { action: '/account/email/cancel' },
            },
      ...forms.email,
    },
    picture: {
      action: '/account/picture',
      addressAction: '/account/picture/address',
      current: account.picture ?? undefined,
      remove: account.picture === null ? undefined : { action: '/account/picture/remove' },
      ...forms.picture,
    },
    username: { action: '/account/username', current: account.displayUsername, ...forms.username },
    profile: {
      action: '/account/profile',
      values: {
        ...Object.fromEntries(TYPED_FIELDS.map(({ claim, property }) => [claim, account[property] ?? ''])),
        ...addressValues(account.address),
        ...attributeForm.filled('person', account.attributes),
      },
      ...forms.profile,
      groups: groupsOfForm(),
      attributes: {
        controls: attributeForm.controls('person', account.attributes),
        shown: attributeForm.shown('person', account.attributes),
      },
      phone:
        phoneNumber === null
          ? undefined
          : {
              number: phoneNumber,
              verified: account.phoneVerified,
              verifyHref:
                signed.verifiesPhones && !account.phoneVerified
                  ? '/account/security/phone?for=number'
                  : undefined,
            },
    },
  }
  return renderPage(reply, 'accounts/account/profile', page, status)
}
