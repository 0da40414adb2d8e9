/** Hosts that never leave the machine (RFC 8252 §7.3, §8.3), as `URL.hostname` has them. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '[::1]', 'localhost']

/** @param host as in `URL.hostname` */
export const isLoopbackHost = (host: string): boolean => LOOPBACK_HOSTS.includes(host)
