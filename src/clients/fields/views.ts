import { type ClientField, FIELDS } from './table.ts'

const namesWhere = (is: (field: ClientField) => boolean): readonly string[] =>
  FIELDS.filter(is).map(({ name }) => name)

/** For clients that register themselves (src/registration/policy.ts): what they may say, and which of it is an address. */
export const SELF_REGISTERED = {
  settable: namesWhere(({ selfRegistered }) => selfRegistered),
  pages: namesWhere(({ address }) => address === 'page'),
  called: namesWhere(({ address }) => address === 'called'),
}

/** For the protocol library: metadata of ours, which it does not know by itself (src/oidc/provider/provider.ts). */
export const EXTRA_METADATA = namesWhere(({ extra }) => extra === true)
