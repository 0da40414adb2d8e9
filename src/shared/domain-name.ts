import { domainToASCII } from 'node:url'

/** A domain name in lower case and ASCII (RFC 5891). Undefined: that is none. */
export function domainOf(text: string): string | undefined {
  const ascii = /[%/\\?#:[\]@]/.test(text) ? '' : domainToASCII(text)
  return /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(ascii)
    ? ascii
    : undefined
}

/** What stands behind the last @ of an address, as it is written. */
export const domainOfAddress = (address: string): string => address.slice(address.lastIndexOf('@') + 1)
