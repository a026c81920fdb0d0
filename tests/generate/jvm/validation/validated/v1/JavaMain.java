package validated.v1;

import dev.restate.sdk.common.TerminalException;
import java.util.HexFormat;

/** Says of each account, whose bytes are given in hexadecimal, why it is refused. */
final class JavaMain {
  public static void main(String[] accounts) throws Exception {
    for (String each : accounts) {
      var account = SignupOuterClass.Account.parseFrom(HexFormat.of().parseHex(each));
      try {
        RestateValidation.check("validated.v1.Signup/Register", account);
        System.out.println("valid");
      } catch (TerminalException e) {
        System.out.println(e.getCode() + " " + e.getMessage());
      }
    }
  }
}
