import { type Case, described, detailed, nameOf, type Rule } from '../rejection.ts'

const flowChanged = described(/^the registration of the client was changed/)
const tokenChanged = detailed(/no longer registered$|may no longer use the grant|of this client.* by now/)

/** What a change of the client's registration ended (src/oidc/narrowed). */
export const registrationRules: readonly Rule[] = [
  {
    name: 'registration_narrowed',
    fits: (rejection: Case) => flowChanged(rejection) || tokenChanged(rejection),
    title: 'The registration was changed meanwhile',
    mistake: (rejection) =>
      `This began before the registration of ${nameOf(rejection)} was changed, and is not covered by it any more: ${rejection.details.detail ?? 'see the audit log for what was changed'}.`,
    inApp: 'Start the sign-in again, by the settings as they are now.',
    here: 'Nothing, if the change was meant. Otherwise edit the client and give back what was taken.',
  },
]
