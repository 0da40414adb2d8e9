import { type Case, described, detailed, filled, nameOf, type Rule, yes } from '../rejection.ts'

const flowChanged = described(/^the registration of the client was changed/)
const tokenChanged = detailed(/no longer registered$|may no longer use the grant|of this client.* by now/)

/** What a change of the client's registration ended (src/oidc/narrowed). */
export const registrationRules: readonly Rule[] = [
  {
    name: 'registration_narrowed',
    fits: (rejection: Case) => flowChanged(rejection) || tokenChanged(rejection),
    title: 'The registration was changed meanwhile',
    mistake: filled(
      'This began before the registration of {client} was changed, and is not covered by it any more: {known, select, yes {{said}} other {see the audit log for what was changed}}.',
      (rejection) => ({
        client: nameOf(rejection),
        known: yes(rejection.details.detail !== undefined),
        said: rejection.details.detail ?? '',
      }),
    ),
    inApp: 'Start the sign-in again, by the settings as they are now.',
    here: 'Nothing, if the change was meant. Otherwise edit the client and give back what was taken.',
  },
]
