/** Explains errors of a server that speaks another protocol than its URL says, in place of OpenSSL's and the parser's words. */

type Failure = Error & { code?: string; readonly reason?: string }

/** OpenSSL's codes for an answer that is no TLS record. */
const noTls = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|HTTPS_PROXY_REQUEST)$/

/** Sets the message of such an error, and a code by which `SdkError` knows that no retry helps; returns the error. */
export const explained = <E extends Failure | null>(error: E, { host, protocol }: URL): E => {
  const { code = "", reason } = error ?? {}
  if (error === null) return error
  if (noTls.test(code)) error.message = `${host} does not speak TLS: write http:// in place of https:// (${code})`
  else if (code.startsWith("ERR_SSL_") && reason !== undefined) error.message = `TLS with ${host}: ${reason} (${code})`
  else if (code === "HPE_INVALID_CONSTANT") {
    const tls = protocol === "http:" ? ": if it speaks TLS, write https:// in place of http://" : ""
    error.message = `${host} does not speak HTTP/1.1${tls}`
    error.code = "ERR_WRONG_PROTOCOL"
  }
  return error
}

/** The same where a server closed a plain connection without a byte, as a server that speaks TLS may do. */
export const explainedClosing = <E extends Failure>(error: E, { host, protocol }: URL): E => {
  if (error.code === "ECONNRESET" && protocol === "http:") {
    error.message = `${host} closed the connection without an answer: if it speaks TLS, write https:// in place of http://`
    error.code = "ERR_NO_ANSWER"
  }
  return error
}
