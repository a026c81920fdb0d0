package golden.hostile;

import dev.restate.sdk.common.StateKey;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Prints the texts of the contract, each in hexadecimal. */
final class JavaMain {
  public static void main(String[] arguments) {
    List<String> texts = new ArrayList<>();
    for (StateKey<Texts.M> state :
        List.of(
            HostileBase.A_THROW_1,
            HostileBase.B_X_X_X,
            HostileBase.C_X,
            HostileBase.D,
            HostileBase.E_U0022_X22_042,
            HostileBase.F_S_X_S_0_X,
            HostileBase.G,
            HostileBase.H,
            HostileBase.I,
            HostileBase.J)) {
      texts.add(state.name());
    }
    texts.add(FlowBase.A_X.name());
    Texts.Key key = Texts.Key.newBuilder().setA("a").setB(-1).setC("c").setD("d").build();
    texts.add(HostileBase.KEY.format(key));
    for (String text : texts) {
      System.out.println(HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8)));
    }
  }
}
