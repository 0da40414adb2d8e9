import { described, detailed, failed, filled, identityOf, listed, nameOf, type Rule } from '../rejection.ts'

/** What goes wrong in the device flow (RFC 8628), beside what all grants share. */
export const deviceRules: readonly Rule[] = [
  {
    name: 'device_not_registered',
    fits: described(/device_code is not allowed for this client$/),
    title: 'A device code for a client that may not ask for one',
    mistake: filled(
      '{client} asked for a device code, but is registered for {grant_types}.',
      (rejection) => ({
        client: nameOf(rejection),
        grant_types: listed(rejection.details.registered?.grant_types ?? []),
      }),
    ),
    inApp: 'Use the client ID of the client that is registered for devices.',
    here: 'If people shall sign in with it on a device without a browser, edit the client: add the grant device_code.',
  },
  {
    name: 'device_code_expired',
    fits: failed('expired_token'),
    title: 'Nobody entered the code in time',
    mistake:
      'A device code is good for 15 minutes. Nobody entered it, or whoever did had not finished by then; the device went on asking.',
    inApp:
      'Stop asking at expires_in, and show a new code with a button “Try again”. If this is frequent, the code or the address may be hard to read on the device.',
  },
  {
    name: 'device_refused',
    fits: (rejection) =>
      failed('access_denied')(rejection) &&
      rejection.endpoint === 'token' &&
      rejection.details.grant_type?.endsWith(':device_code') === true,
    title: 'The person said no',
    mistake: 'The person saw what the device asks for and pressed “Deny”.',
    inApp: 'Say so on the device and stop asking. A new try needs a new code.',
  },
  {
    name: 'device_code_used',
    fits: (rejection) =>
      detailed(/^device code already consumed$/)(rejection) ||
      (detailed('already used')(rejection) &&
        rejection.details.grant_type?.endsWith(':device_code') === true),
    title: 'A device code used twice',
    mistake:
      'The device has got its tokens with this code, and asked once more. Usually two polls were under way at once, or the device did not stop after the answer. A second use long after the first ends what the first one got, because the code may have been stolen.',
    inApp: 'Let one poll end before the next one, and stop with the first answer that has an access_token.',
  },
  {
    name: 'device_code_gone',
    fits: detailed(/^device code (not found|is expired)$/),
    title: 'A device code that is over',
    mistake:
      'The code is not known any more: it is over for long, was cut or changed on the way, or is from another server; or the person withdrew the access before the device asked.',
    inApp: 'Ask for a new code, and show it.',
  },
  {
    name: 'device_code_of_another_client',
    fits: (rejection) =>
      detailed('client mismatch')(rejection) &&
      rejection.details.grant_type?.endsWith(':device_code') === true,
    title: 'A device code that another client got',
    mistake: filled(
      'The device code was given to another client than {client}. Asking for it and polling have two client IDs.',
      (rejection) => ({ client: identityOf(rejection) }),
    ),
    inApp: 'Use one client_id in both.',
    here: 'Nothing. If no app of yours does this, somebody tried a code that is not theirs; it was of no use to them.',
  },
]
