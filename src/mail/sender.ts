/** Who a message is from. */
export interface Sender {
  /** Undefined: the address alone. */
  name: string | undefined
  address: string
}

/** What the setting `mail_from` is where nobody says one. */
export const shippedSender = (issuer: string): string => `Latchkey <no-reply@${new URL(issuer).hostname}>`

/**
 * Who a message is from: as the owner says, with the name of its brand where they have said an address alone, or nothing.
 * @param from “Name <address>” or an address @param given.name of the brand; undefined: it has none
 * @throws Error when `from` holds a control character: no header may be broken by one
 */
export function senderOf(
  from: string | undefined,
  { issuer, name: brand }: { issuer: string; name?: string | undefined },
): Sender {
  const shipped = shippedSender(issuer)
  const said = from ?? shipped
  if (/\p{Cc}/u.test(said)) throw new Error('The sender of mails must not hold control characters.')
  const { name = '', address = said } = /^(?<name>.*?)\s*<(?<address>.*)>$/.exec(said.trim())?.groups ?? {}
  const own = name.replace(/^"(.*)"$/, '$1')
  return { name: (said === shipped ? (brand ?? own) : own || brand) || undefined, address }
}

/** As it stands in the header, for people to read. */
export const senderInWords = ({ name, address }: Sender): string =>
  name === undefined ? address : `${name} <${address}>`
