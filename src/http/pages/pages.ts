/** What every form gets. */
export interface Form {
  /** Where it is posted. */
  action: string
  /** What was typed before, by field name; never passwords. */
  values?: Record<string, string> | undefined
  /** What is wrong, by field name. */
  errors?: Record<string, string> | undefined
  /** What fields are called that something may be wrong with, and that this form lacks. */
  labels?: Readonly<Record<string, string>> | undefined
  /** What is wrong with the form as a whole (“Wrong password”). */
  alert?: string | undefined
}

/** The application a person is on the way to. */
export interface ShownClient {
  name: string
  /** Whose brand its pages wear, as the interaction says. Undefined: the server's. */
  brand?: { client: string; organization?: string | undefined } | undefined
  logoUri?: string | undefined
  clientUri?: string | undefined
  policyUri?: string | undefined
  tosUri?: string | undefined
  /** Nobody who runs this server has looked at it. */
  unverified?: boolean | undefined
  /** Where the document is that it is known by. */
  documentHost?: string | undefined
}

/** What every page wears. Addresses are of this server, but for the links. */
export interface PageBrand {
  name: string
  /** `wide`: it stands alone, since it holds the name. */
  logo: { address: string; width: number; height: number; wide: boolean } | undefined
  /** Whether an administrator has given it a name. */
  named: boolean
  favicon: string | undefined
  /** Its style sheet. */
  sheet: string | undefined
  support: string | undefined
  terms: string | undefined
  privacy: string | undefined
}

/** A form that is one button. */
export interface ButtonForm {
  action: string
  fields?: Record<string, string> | undefined
}

/** A button “Continue with {name}”. */
export interface ProviderButton extends ButtonForm {
  name: string
  /** The name of a drawing (HttpOptions.icons); without one, a door is drawn. */
  icon?: string | undefined
  /** The last sign-in of this browser went this way. */
  last?: boolean | undefined
}

/** A sign-in at a provider that is linked to an account. */
export interface LinkedSignInView {
  name: string
  /** As in ProviderButton. */
  icon?: string | undefined
  detail?: string | undefined
  /** The provider is switched off: nobody signs in that way now. */
  off?: boolean | undefined
  /** Undefined: it is the only way to sign in, and stays. */
  remove?: ButtonForm | undefined
}

/** A form that the browser fills in with a passkey, for the partial `passkey`. */
export interface PasskeyForm extends ButtonForm {
  /** Of `navigator.credentials.get` or `create`, in JSON. */
  options: string
  /** Where a page that was open for long gets new ones, in JSON or in a form of the same action; undefined: it is loaded anew. */
  renewAt?: string | undefined
}

/** A link that leads on. */
export interface Link {
  href: string
  label: string
}

/**
 * Every view and what it is given. A view is views/{name}.eta; its type stands beside the route that renders it, by
 * `declare module`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: each page adds itself.
export interface Pages {}
